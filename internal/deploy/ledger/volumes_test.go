package ledger

import (
	"slices"
	"strings"
	"testing"
)

func TestParseVolume_TakesANameAndAFolderForData(t *testing.T) {
	for text, want := range map[string]Volume{
		"data:/data":                 {Name: "data", Path: "/data"},
		"pg_1.x-y:/var//lib/./pg/":   {Name: "pg_1.x-y", Path: "/var/lib/pg"},
		"web:/usr/share/nginx/html":  {Name: "web", Path: "/usr/share/nginx/html"},
		"odd:/daten/Übergröße und ☃": {Name: "odd", Path: "/daten/Übergröße und ☃"},
	} {
		if got, err := ParseVolume(text); got != want || err != nil {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseVolume_SaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "expected NAME:/path",
		"data":               "expected NAME:/path",
		"Data:/data":         "lower-case letters",
		"-v:/data":           "lower-case letters",
		":/data":             "lower-case letters",
		"data:data":          "starts with a slash",
		"data:":              "starts with a slash",
		"data:/":             "the whole container",
		"data:/a/..":         "the whole container",
		"data:/proc":         "belongs to Docker and the kernel",
		"data:/a/../sys/fs":  "belongs to Docker and the kernel",
		"data:/run":          "belongs to Docker and the kernel",
		"data:/run/secrets":  "belongs to Docker and the kernel",
		"data:/run/secrets/": "belongs to Docker and the kernel",
		"data:/etc":          "holds programs and settings",
		"data:/data:ro":      "no colon",
		"data:/a\nb":         "no colon",
	} {
		if got, err := ParseVolume(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

func TestVolumes_OnePathAndOneNameBelongToOneVolume(t *testing.T) {
	all, err := Volumes(nil).Add(Volume{Name: "data", Path: "/data"})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []Volume{{Name: "data", Path: "/other"}, {Name: "other", Path: "/data"}} {
		if got, err := all.Add(v); err == nil {
			t.Errorf("%+v beside %+v: got %+v, want an error", v, all, got)
		}
	}
	if got, err := all.Add(Volume{Name: "cache", Path: "/cache"}); err != nil || len(got) != 2 || len(all) != 1 {
		t.Errorf("got %+v, %v, want both, and %+v unchanged", got, err, all)
	}
}

func TestVolumes_EveryVOLUMEOfAnImageHasOneThatStaysIts(t *testing.T) {
	paths := []string{"/Data Base/", "/data-base", "/proc/x", "/data"}
	all := Volumes{{Name: "mine", Path: "/data"}}.ForImage(paths, nil)
	want := Volumes{{Name: "mine", Path: "/data"}, {Name: "data-base", Path: "/Data Base", Auto: true},
		{Name: "data-base-2", Path: "/data-base", Auto: true}}
	if !slices.Equal(all, want) {
		t.Errorf("got %+v, want %+v", all, want)
	}
	if again := all.ForImage(paths, nil); !slices.Equal(again, all) {
		t.Errorf("for the next push: got %+v, want %+v", again, all)
	}
	if got := all.Mounted([]string{"/Data Base/"}); !slices.Equal(got, want[:2]) {
		t.Errorf("an image without the other VOLUME: got %+v, want %+v", got, want[:2])
	}
}

func TestVolumes_OneThatWasLeftIsTakenUpByItsPath(t *testing.T) {
	left := []Volume{{Name: "cache", Path: "/cache"}, {Name: "data", Path: "/data"}}
	got := Volumes(nil).ForImage([]string{"/data"}, left)
	if want := (Volumes{{Name: "data", Path: "/data", Auto: true}}); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	going := Volumes{{Name: "data", Path: "/data", Auto: true, Going: true}}
	got = going.ForImage([]string{"/data"}, left)
	if want := append(going, Volume{Name: "data-2", Path: "/data", Auto: true}); !slices.Equal(got, want) {
		t.Errorf("while the old one goes: got %+v, want %+v", got, want)
	}
	if got := got.Mounted([]string{"/data"}); len(got) != 1 || got[0].Name != "data-2" {
		t.Errorf("mounted while the old one goes: got %+v, want data-2 alone", got)
	}
}

func TestVolumes_AreNamedAfterWhateverPathAnImageHas(t *testing.T) {
	long := "/" + strings.Repeat("very/long/", 10)
	paths := []string{"/☃", "/-.-", "/ä/b", long, "/x.y_z", "relative", "/a:b"}
	all := Volumes(nil).ForImage(paths, nil)
	var got []string
	for _, v := range all {
		got = append(got, v.Name)
		if _, err := ParseVolume(v.Name + ":/data"); err != nil {
			t.Errorf("%s: a person could not name it: %v", v.Path, err)
		}
	}
	if want := "volume volume-2 b very-long-very-long-very-long-very-long x.y_z"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %s", got, want)
	}
}

func TestVolumes_AreFoundByNameAndPathUnlessTheyGo(t *testing.T) {
	all := Volumes{{Name: "old", Path: "/data", Going: true}, {Name: "data", Path: "/data"}}
	if got, found := all.At("/data"); !found || got.Name != "data" {
		t.Errorf("at /data: got %+v, %v, want the one that stays", got, found)
	}
	if got, found := all.Named("old"); !found || !got.Going {
		t.Errorf("old: got %+v, %v, want the one that goes", got, found)
	}
	_, atPath := all.At("/other")
	if _, named := all.Named("other"); atPath || named {
		t.Error("got a volume that is not there")
	}
	if got := all.Without("old"); len(got) != 1 || got[0].Name != "data" || len(all) != 2 {
		t.Errorf("without old: got %+v, want data alone, and %+v unchanged", got, all)
	}
	if got := all.Without("data").Mounted(nil); len(got) != 0 {
		t.Errorf("mounted of one that goes: got %+v, want none", got)
	}
}
