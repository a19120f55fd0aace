// Package index finds the lines of large files of results or requests without loading them. An index holds a record of
// 64 bytes for each line. It is built by reading the file once, is kept in the user's cache directory, and is used again
// as long as the file is the same; if the file has grown, only what is new is read. An index holds no content: hashes of
// custom ids and texts, names of models and errors, and numbers.
package index
