package program

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceFile_LeavesTheNewContentAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "name")
	for _, want := range []struct {
		content string
		mode    os.FileMode
	}{{"one", 0o644}, {"two", 0o600}, {"", 0o444}, {"three", 0o644}} {
		if err := ReplaceFile(path, []byte(want.content), want.mode); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if content, _ := os.ReadFile(path); err != nil || string(content) != want.content || info.Mode() != want.mode {
			t.Errorf("got %q, %v, %v, want %q, %v", content, info.Mode(), err, want.content, want.mode)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Errorf("got %d files, want one", len(entries))
		}
	}
}

func TestReplaceFile_ThatFailsLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "name")
	if err := os.MkdirAll(filepath.Join(path, "folder"), 0o755); err != nil { // rename(2) replaces no folder
		t.Fatal(err)
	}
	if err := ReplaceFile(path, []byte("new"), 0o644); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || entries[0].Name() != "name" {
		t.Errorf("got %v, want the folder alone", entries)
	}
}

func TestRemoveUnfinished_RemovesWhatAKilledProcessLeftOfThatFileAlone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".name-1", ".name-23", ".other-1", "name", ".name"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".name-dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := RemoveUnfinished(filepath.Join(dir, "name")); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	var got string
	for _, entry := range entries {
		got += entry.Name() + " "
	}
	if want := ".name .name-dir .other-1 name "; got != want {
		t.Errorf("left %q, want %q", got, want)
	}
}
