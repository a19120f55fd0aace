package client_test

import (
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// fieldNotes are what was seen to go wrong in other clients of the service, each with the tests that hold it here.
var fieldNotes = []struct {
	seen  string
	tests []func(*testing.T)
}{
	1: {"create is sent again after a lost connection, a time-out or a 5xx, and the batches of the lost answers run, are billed and are never known",
		[]func(*testing.T){TestCreateIsNeverTakenTwice, TestCreateOnConnectionsThatBreak, TestCreateWithoutAConnection, TestCreateCutWhileSending, TestCreateCanceled, TestCreateCanceledWhileSending, TestCandidatesAmongParallelCreates, TestSimulation}},
	2: {"a redirect, null, {} or a web page in answer to create counts as success, or as an error without status and request id",
		[]func(*testing.T){TestCreateIsNeverTakenTwice, TestAnswersThatAreNotTheAPIs, TestRedirectsToOtherOrigins}},
	3: {"307 and 308 take the prompts to another host, and the key with them",
		[]func(*testing.T){TestRedirectsToOtherOrigins, TestRedirectsWithinTheOrigin}},
	4: {"ids that are empty, doubled or too long are sent, and so is a batch without requests",
		[]func(*testing.T){TestWrongInput}},
	5: {"a create holds its body in memory, several times",
		[]func(*testing.T){TestCreateHoldsNoBody, TestCreateBody}},
	6: {"betas of the client are lost when a call has its own, go out twice, or are malformed",
		[]func(*testing.T){TestHeaders, TestWrongInput, TestNew}},
	7: {"waiting is left to the caller, whose loop ends on the first failure after hours and misspells a status",
		[]func(*testing.T){TestWaitSurvivesAnOutage, TestWaitEnds, TestOneBatch, TestCancel}},
	8: {"retry-after is slept whatever it says, beyond the deadline, and the answer is lost behind the deadline's error; nonsense in it means at once",
		[]func(*testing.T){TestRetries, TestRetryAfterBeyondTheDeadline, TestWaitIgnoresUnreasonableRetryAfter}},
	9: {"results that end too early between two lines look complete, though the batch's counts say otherwise",
		[]func(*testing.T){TestResultsAreNeverLost, TestDuplicateDoesNotHideAMissingResult, TestCleanEndsInDifferentPlaces, TestEveryCut, TestSimulation}},
	10: {"a cut inside a line is told as a syntax error, and nobody asks again",
		[]func(*testing.T){TestResultsAreNeverLost, TestEveryCut}},
	11: {"a blank line, a bad line or a long line ends the results",
		[]func(*testing.T){TestResultsAreNeverLost, TestTwinBadLinesComeOnceEach, TestHugeLine, TestShortLineBound}},
	12: {"an error of the API with status 200 yields an empty item and no error",
		[]func(*testing.T){TestResultsAreNeverLost, TestErrorAsLastLine, TestStreamThatIsNone}},
	13: {"a stream that stalls hangs for ever, and a time-out kills one that is only long",
		[]func(*testing.T){TestStalledStream, TestSlowStream, TestSlowCaller, TestServiceThatNeverAnswers, TestLeavingEarly}},
	14: {"the key goes to whatever host results_url names",
		[]func(*testing.T){TestResultsURLIsNotTrusted}},
	15: {"results, blocks and errors of types that are new are bent, dropped or fail the whole",
		[]func(*testing.T){TestResultsUnknownIsKept, TestErrorsByVariantAndKind, TestOddError}},
	16: {"times that are null, missing or garbage are all the zero time",
		[]func(*testing.T){TestOddFieldKeepsTheBatch}},
	17: {"the error of an item is not found where it is",
		[]func(*testing.T){TestOneBatch, TestWrongParamsComeBackAsErroredResult, TestResultsUnknownIsKept}},
	18: {"the text of an error holds a whole web page, a 413 has no type, and an error's body is read without end",
		[]func(*testing.T){TestAnswersThatAreNotTheAPIs, TestEndlessAnswers, TestEndlessHeaders, TestJSONThatIsTooMuch}},
	19: {"the key is printed with the client, with an error's request or in a log, and so is the password of a URL",
		[]func(*testing.T){TestNothingShowsASecret, TestPanicsShowNoSecret, TestProxyPasswordIsNotShown, TestNew}},
	20: {"an id leads to another path",
		[]func(*testing.T){TestIDsAreEscaped, TestWrongInput}},
	21: {"net/http posts a second time by itself",
		[]func(*testing.T){TestCreateOnAReusedConnection, TestCreateOnHTTP2, TestCreateOnConnectionsThatBreak}},
	22: {"half a surrogate, invalid UTF-8 or 1.0 for 1 costs a result that was paid, while a line without id or result is an item",
		[]func(*testing.T){TestResultsAreNeverLost}},
	23: {"big numbers and the order of names change in JSON that is the caller's or the model's",
		[]func(*testing.T){TestFreeJSONIsKept, TestResultsUnknownIsKept}},
}

// TestFieldNotes lists them, for go test -v, and checks that each is held by something.
func TestFieldNotes(t *testing.T) {
	t.Parallel()
	if len(fieldNotes) != 24 {
		t.Errorf("%d notes, want 23", len(fieldNotes)-1)
	}
	for i, note := range fieldNotes[1:] {
		var names []string
		for _, f := range note.tests {
			name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
			names = append(names, name[strings.LastIndexByte(name, '.')+1:])
		}
		t.Logf("%2d. %s: %s", i+1, note.seen, strings.Join(names, ", "))
		if note.seen == "" || len(names) == 0 {
			t.Errorf("note %d has no test", i+1)
		}
	}
}
