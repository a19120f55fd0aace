package client

// Version of this module, sent in the User-Agent header.
const Version = "0.2.0"

const userAgent = "messagebatches-go/" + Version
