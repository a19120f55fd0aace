package client

// An observation gathers what hooks receive at the end of a call. A call without hooks has none.
type observation struct {
	batchID string
	end     CallEnd
	secret  secrets // of the last response
}

// counted notes how many requests a create has.
func (o *observation) counted(requests int) {
	if o != nil {
		o.end.Requests = requests
	}
}

func (o *observation) id() string {
	if o == nil {
		return ""
	}
	return o.batchID
}
