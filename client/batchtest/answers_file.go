package batchtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// readAnswers reads the lines of a file for ReadAnswers.
func readAnswers(r io.Reader) ([]*answerRule, error) {
	var rules []*answerRule
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			rule, err := parseAnswer(line)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			rules = append(rules, rule)
		}
		if err == io.EOF {
			return rules, nil
		}
	}
}

// An answerRule answers the requests that fit it.
type answerRule struct {
	customID string // a pattern
	contains []byte
	left     int // how many requests it still answers, -1 for any number
	answer   Answer
}

// fits reports whether the rule answers a request, and counts that.
func (a *answerRule) fits(q request) bool {
	if a.left == 0 || !bytes.Contains(q.params, a.contains) {
		return false
	}
	if ok, err := path.Match(a.customID, q.customID); !ok || err != nil {
		return false
	}
	if a.left > 0 {
		a.left--
	}
	return true
}

func parseAnswer(line []byte) (*answerRule, error) {
	var l struct {
		CustomID  string         `json:"custom_id"`
		Contains  string         `json:"contains"`
		Times     *int           `json:"times"`
		Text      *string        `json:"text"`
		JSON      jsontext.Value `json:"json"`
		Truncated *string        `json:"truncated"`
		Refused   bool           `json:"refused"`
		Tool      string         `json:"tool"`
		Message   jsontext.Value `json:"message"`
		Error     jsontext.Value `json:"error"`
		Result    jsontext.Value `json:"result"`
	}
	if err := json.Unmarshal(line, &l, json.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	rule := &answerRule{customID: "*", left: -1}
	if l.CustomID != "" {
		rule.customID = l.CustomID
	}
	if _, err := path.Match(rule.customID, ""); err != nil {
		return nil, fmt.Errorf("custom_id: %w", err)
	}
	if l.Times != nil {
		rule.left = max(*l.Times, 0)
	}
	quoted, err := jsontext.AppendQuote(nil, l.Contains)
	if err != nil {
		return nil, err
	}
	rule.contains = quoted[1 : len(quoted)-1]

	var answers []Answer
	if l.Text != nil {
		answers = append(answers, Text(*l.Text))
	}
	if l.JSON != nil {
		answers = append(answers, Text(string(l.JSON)))
	}
	if l.Truncated != nil {
		answers = append(answers, Truncated(*l.Truncated))
	}
	if l.Refused {
		answers = append(answers, Refused())
	}
	if l.Tool != "" {
		answers = append(answers, ToolCall(l.Tool))
	}
	if l.Message != nil {
		var m gen.BetaMessage
		if err := m.UnmarshalJSON(l.Message); err != nil {
			return nil, fmt.Errorf("message: %w", err)
		}
		answers = append(answers, Message(m))
	}
	if l.Error != nil {
		var e gen.BetaErrorResponse
		if l.Error.Kind() != '{' {
			return nil, errors.New("error: it must be an object with type and message")
		}
		if err := e.UnmarshalJSON(fmt.Appendf(nil, `{"type":"error","error":%s,"request_id":null}`, l.Error)); err != nil {
			return nil, fmt.Errorf("error: %w", err)
		}
		answers = append(answers, Errored(e.Error))
	}
	if l.Result != nil {
		answers = append(answers, Raw(string(l.Result)))
	}
	if len(answers) != 1 {
		return nil, errors.New("it needs one of text, json, truncated, refused, tool, message, error and result")
	}
	rule.answer = answers[0]
	return rule, nil
}
