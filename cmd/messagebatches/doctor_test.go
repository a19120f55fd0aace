package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// doctorWith runs the command in a process whose environment has only the given settings for the service.
func doctorWith(t *testing.T, args []string, env ...string) (out string, status int) {
	t.Helper()
	c := exec.Command(os.Args[0], append([]string{"doctor"}, args...)...)
	c.Env = append([]string{"MESSAGEBATCHES_TEST_COMMAND=1", "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"), "HOME=" + t.TempDir()}, env...)
	text, _ := c.CombinedOutput()
	return string(text), c.ProcessState.ExitCode()
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(s.URL(), "http://")
	out, status := doctorWith(t, nil, "ANTHROPIC_BASE_URL="+s.URL(), "ANTHROPIC_API_KEY="+s.Key())
	want := `ok       credential  API key from ANTHROPIC_API_KEY
ok       base URL    http://HOST/ from ANTHROPIC_BASE_URL
ok       proxy       none for HOST
ok       connection  plain http to HOST
ok       clock       matches the server's
ok       access      the service accepts the credential
`
	if diff := cmp.Diff(want, strings.ReplaceAll(out, host, "HOST")); diff != "" || status != cli.OK {
		t.Errorf("status %d\n%s", status, diff)
	}
	out, status = doctorWith(t, nil, "ANTHROPIC_BASE_URL="+s.URL(), `ANTHROPIC_API_KEY="sk-ant-mine"`)
	if status != cli.Issues || !strings.HasPrefix(out, "wrong    credential  ANTHROPIC_API_KEY: ") || !strings.Contains(out, "in quotes") || !strings.Contains(out, "\n                     to do: fix it\nok       base URL") || strings.Contains(out, "sk-ant-mine") {
		t.Errorf("status %d\n%s", status, out)
	}
}

// TestDoctorWithKeyFile uses a key in a file, with a different one in the environment.
func TestDoctorWithKeyFile(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{"right": s.Key() + "\n", "wrong": "sk-ant-other\n"})
	env := []string{"ANTHROPIC_BASE_URL=" + s.URL(), "ANTHROPIC_API_KEY=sk-ant-of-the-environment"}
	right := filepath.Join(dir, "right")
	if out, status := doctorWith(t, []string{"--key-file", right}, env...); status != cli.OK || !strings.HasPrefix(out, "ok       credential  API key from "+right+"\n") {
		t.Errorf("status %d\n%s", status, out)
	}
	wrong := filepath.Join(dir, "wrong")
	if out, status := doctorWith(t, []string{"--key-file", wrong}, env...); status != cli.Issues || !strings.Contains(out, "whether the key in "+wrong+" was deleted") || strings.Contains(out, "sk-ant-other") {
		t.Errorf("status %d\n%s", status, out)
	}
	if out, status := doctorWith(t, []string{"--key-file", dir + "/none"}, env...); status != cli.Failed || !strings.HasPrefix(out, "messagebatches doctor: there is no file ") {
		t.Errorf("status %d\n%s", status, out)
	}
}

// TestDoctorWithoutEnvironment has no settings except a proxy that is down, so that nothing can be reached.
func TestDoctorWithoutEnvironment(t *testing.T) {
	t.Parallel()
	out, status := doctorWith(t, []string{"--json"}, "HTTPS_PROXY=http://user:secret@127.0.0.1:1")
	var got struct {
		OK     bool
		Checks []struct{ Name, State, Found, Todo string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != cli.Issues || got.OK {
		t.Fatalf("status %d, %v\n%s", status, err, out)
	}
	var states []string
	for _, c := range got.Checks {
		states = append(states, c.State+" "+c.Name)
	}
	if diff := cmp.Diff([]string{"wrong credential", "ok base URL", "wrong proxy", "skipped connection", "skipped clock", "skipped access"}, states); diff != "" || strings.Contains(out, "secret") {
		t.Errorf("%s\n%s", diff, out)
	}
}

// TestDoctorWithProfile uses the token of a profile, first a valid one and then an unknown one.
func TestDoctorWithProfile(t *testing.T) {
	t.Parallel()
	const token = "sk-ant-oat-of-the-profile"
	s := batchtest.New(t, batchtest.WithKeys(batchtest.Key{Secret: token}))
	if _, err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	profile := func(token string) {
		for path, text := range map[string]string{
			"configs/work.json":     `{"authentication":{"type":"user_oauth","client_id":"cli"}}`,
			"credentials/work.json": fmt.Sprintf(`{"access_token":%q,"expires_at":%d}`, token, time.Now().Add(time.Hour).Unix()),
		} {
			name := filepath.Join(dir, path)
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	env := []string{"ANTHROPIC_BASE_URL=" + s.URL(), "ANTHROPIC_CONFIG_DIR=" + dir, "ANTHROPIC_PROFILE=work"}
	profile(token)
	out, status := doctorWith(t, nil, env...)
	if status != cli.OK || !strings.HasPrefix(out, "ok       credential  profile work from ANTHROPIC_PROFILE\n") || strings.Contains(out, token) {
		t.Errorf("status %d\n%s", status, out)
	}
	profile("sk-ant-oat-other")
	out, status = doctorWith(t, nil, env...)
	if status != cli.Issues || !strings.Contains(out, "wrong    access") || !strings.Contains(out, "ant auth login") || strings.Contains(out, "sk-ant-oat-other") {
		t.Errorf("status %d\n%s", status, out)
	}
}
