package client

// An operation is a call that accepts options. Operations combine as bits.
type operation uint16

const (
	opNew operation = 1 << iota // the client itself: options for all calls
	opCreate
	opGet
	opList
	opCancel
	opDelete
	opResults
	opWait
	opCandidates
	opRaw

	everyCall = opCreate | opGet | opList | opCancel | opDelete | opResults | opWait | opCandidates
)

// String returns the operation in words, for errors.
func (o operation) String() string {
	switch o {
	case opNew:
		return "new client"
	case opCreate:
		return "create batch"
	case opGet:
		return "get batch"
	case opList:
		return "list batches"
	case opCancel:
		return "cancel batch"
	case opDelete:
		return "delete batch"
	case opResults:
		return "get results"
	case opWait:
		return "wait for batch"
	case opCandidates:
		return "candidates"
	case opRaw:
		return "raw call"
	}
	return "call"
}
