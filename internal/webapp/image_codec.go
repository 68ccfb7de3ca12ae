package webapp

import (
	"bufio"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
)

const (
	maxImage = 10 << 20 // bytes of a picture's file
	sniffed  = 512      // bytes that http.DetectContentType looks at
)

// encodeImage writes the picture in file to encoded in base64, and returns its
// type and size.
func encodeImage(encoded io.Writer, file io.Reader) (kind string, size int64, err error) {
	buffered := bufio.NewReader(file)
	if kind, err = sniff(buffered); err != nil {
		return "", 0, err
	}
	encoder := base64.NewEncoder(base64.StdEncoding, encoded)
	size, err = io.Copy(encoder, io.LimitReader(buffered, maxImage+1))
	if err != nil {
		return "", 0, err
	}
	if size > maxImage {
		return "", 0, errLargeImage
	}
	return kind, size, encoder.Close()
}

// verify reads a stored picture to its end and returns its type.
func verify(encoded string) (kind string, err error) {
	decoded := bufio.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(encoded)))
	if kind, err = sniff(decoded); err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, decoded)
	return kind, err
}

// sniff returns the picture's type by its first bytes. DetectContentType does not
// know SVG, so SVGs, which may hold scripts, are refused.
func sniff(file *bufio.Reader) (string, error) {
	head, err := file.Peek(sniffed)
	if err != nil && err != io.EOF {
		return "", err
	}
	if len(head) == 0 {
		return "", errEmptyImage
	}
	kind := http.DetectContentType(head)
	if !strings.HasPrefix(kind, "image/") {
		return "", errNotImage
	}
	return kind, nil
}
