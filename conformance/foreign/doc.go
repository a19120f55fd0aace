// Package foreign runs third-party tools on the contract: linters, code generators, a mock server, validators. They
// read openapi.yaml without our overlay and templates, and so show whether it is useful to others.
//
// The npm tools are pinned by package.json and package-lock.json in this folder, the Go tools by constants. Generated
// files are in the folder _out, which git ignores. inventory.mjs derives the facts in internal/contract/testdata from
// the official TypeScript SDK.
package foreign
