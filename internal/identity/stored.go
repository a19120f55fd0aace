package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// stored is a credentials file, which other programs read and write too.
type stored struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresAt    *int64 `json:"expires_at"` // in seconds since 1970; nil means unknown

	others map[string]json.RawMessage // all properties of the file
}

func (s *stored) token() token {
	t := token{value: s.AccessToken}
	if s.ExpiresAt != nil {
		t.expires = time.Unix(*s.ExpiresAt, 0)
		t.life = time.Until(t.expires)
	}
	return t
}

// readStored reads a credentials file. It refuses a file that other users of the machine can read or change, and a
// symbolic link, because a new token would be written elsewhere.
func readStored(path string) (*stored, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	switch mode := before.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("credentials file %s is a symbolic link: name the file itself in authentication.credentials_path", path)
	case !mode.IsRegular():
		return nil, fmt.Errorf("credentials file %s is not a regular file", path)
	case runtime.GOOS != "windows" && mode.Perm()&0o077 != 0:
		return nil, fmt.Errorf("credentials file %s has permissions %04o, which let other users in: chmod 600 it", path, mode.Perm())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if now, err := f.Stat(); err != nil || !os.SameFile(before, now) {
		return nil, fmt.Errorf("credentials file %s has changed while it was opened", path)
	}
	data, err := readBounded(f, path)
	if err != nil {
		return nil, err
	}
	var s stored
	if err := errors.Join(json.Unmarshal(data, &s), json.Unmarshal(data, &s.others)); err != nil {
		return nil, fmt.Errorf("credentials file %s is not JSON, or a property has the wrong type", path) // the error may quote a token
	}
	if s.AccessToken == "" {
		return nil, fmt.Errorf("credentials file %s has no access_token", path)
	}
	return &s, nil
}

// write replaces a credentials file atomically. It keeps unknown properties.
func (s *stored) write(path string) error {
	file := map[string]any{"version": "1.0", "type": "oauth_token"}
	for name, value := range s.others {
		file[name] = value
	}
	file["access_token"] = s.AccessToken
	delete(file, "expires_at")
	if s.ExpiresAt != nil {
		file["expires_at"] = *s.ExpiresAt
	}
	if s.RefreshToken != "" {
		file["refresh_token"] = s.RefreshToken
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("credentials file %s is a symbolic link", path)
	}
	f, err := os.CreateTemp(dir, ".credentials-*") // readable only by its owner
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
