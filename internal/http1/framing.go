package http1

import "bytes"

// Errors of the fields that say how long a body is.
var (
	errLength      = bad("Content-Length is not a number")
	errLengths     = bad("There is more than one Content-Length")
	errBoth        = bad("There are both Content-Length and Transfer-Encoding")
	errCoding      = bad("Transfer-Encoding does not end with chunked, or names it twice")
	errCodings     = bad("There is more than one Transfer-Encoding")
	errOldCoding   = bad("Transfer-Encoding is not allowed in HTTP/1.0")
	errOtherCoding = &Error{501, "The transfer coding is not supported"}
)

// framingFields are the fields that say how long a body is.
type framingFields struct {
	length, coding   []byte
	lengths, codings int
	differ           bool
}

func readFraming(fields []Field) (f framingFields) {
	for i := range fields {
		if fields[i].Role != Framed {
			continue
		}
		value := fields[i].Value
		if EqualFold(fields[i].Name, "transfer-encoding") {
			f.codings++
			f.coding = value
			continue
		}
		f.differ = f.differ || f.lengths > 0 && !bytes.Equal(f.length, value)
		f.lengths++
		f.length = value
	}
	return f
}

// joinEqual accepts a repeated length, in fields or in a list, as one (RFC 9110
// section 8.6). It is for answers: a server that repeats its length is careless,
// a client that does is up to something.
func (f *framingFields) joinEqual() {
	if f.lengths > 1 && !f.differ {
		f.lengths = 1
	}
	first, others, isList := bytes.Cut(f.length, []byte(","))
	equal := isList
	for isList {
		var next []byte
		next, others, isList = bytes.Cut(others, []byte(","))
		equal = equal && bytes.Equal(trim(next), trim(first))
	}
	if equal {
		f.length = trim(first)
	}
}

// framing returns what the fields say, or Empty if they say nothing. HTTP/1.0 has
// no transfer codings (RFC 9112 section 6.1).
func (f *framingFields) framing(minor int) (Framing, error) {
	switch {
	case f.codings == 0 && f.lengths == 0:
		return Framing{}, nil
	case f.codings > 0 && f.lengths > 0:
		return Framing{}, errBoth
	case f.lengths > 1:
		return Framing{}, errLengths
	case f.codings > 1:
		return Framing{}, errCodings
	case f.codings == 1 && minor == 0:
		return Framing{}, errOldCoding
	case f.codings == 1:
		return Framing{Kind: Chunked}, checkCoding(f.coding)
	}
	length, ok := decimal(f.length)
	if !ok {
		return Framing{}, errLength
	}
	return Framing{Sized, length}, nil
}

// checkCoding returns nil only for chunked.
func checkCoding(value []byte) error {
	if EqualFold(value, "chunked") {
		return nil
	}
	others, chunked, last := 0, 0, false
	for coding := range elements(value) {
		if last = EqualFold(coding, "chunked"); last {
			chunked++
		} else {
			others++
		}
		if !all(coding, &isToken) {
			chunked = 2
		}
	}
	if last && chunked == 1 && others > 0 {
		return errOtherCoding
	}
	return errCoding
}

// maxDigits is how many decimal digits always fit into an int64.
const maxDigits = 18

func decimal(text []byte) (n int64, ok bool) {
	if len(text) == 0 || len(text) > maxDigits {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}
