// Package index finds the lines of large results or requests files without loading them. An index holds a record of 64 bytes
// for each line. It is built by reading the file once, kept in the user's cache directory, and reused as long as the file is
// the same; if the file has grown, only the new part is read. An index holds no content, only hashes of custom IDs and
// texts, names of models and errors, and numbers.
package index
