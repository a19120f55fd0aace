// Package foreign runs tools of others on the contract: linters, code generators, a mock server, validators. They read
// openapi.yaml as anybody would, without our overlay and templates, and show whether it is of use to others.
//
// The npm tools are pinned by package.json and package-lock.json in this folder, the Go tools by constants. Generated
// files go to the folder _out, which git ignores. inventory.mjs derives the facts in internal/contract/testdata from
// the official TypeScript SDK.
package foreign
