package batchtest

// An Op is an operation of the service.
type Op string

// The operations. They have the names of the client's methods.
const (
	Create  Op = "create"
	Get     Op = "get"
	List    Op = "list"
	Cancel  Op = "cancel"
	Delete  Op = "delete"
	Results Op = "results"
)
