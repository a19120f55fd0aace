#!/bin/sh
# Moves this repository to another release of the official SDKs:
#
#	conformance/pin.sh v2.16.0          Go SDK v2.16.0, and the newest TypeScript SDK
#	conformance/pin.sh v2.16.0 1.15.0   and this one
#	conformance/pin.sh v2.16.0 keep     Go SDK only; needs neither node nor npm
#
# It changes conformance/go.mod and go.sum, the version in the README and MIGRATING.md, conformance/foreign/package.json
# and package-lock.json, and internal/contract/testdata/inventory.json. Then it removes the drift exceptions that no
# longer match anything, and prints the remaining work: the differences between the contract and the SDK. It fails if there
# are any.
set -eu
cd "$(dirname "$0")/.."

case ${1-} in
v*.*.*) version=$1 ;;
*)
	echo "usage: make drift-pin VERSION=v2.16.0 [TYPESCRIPT=1.15.0 | TYPESCRIPT=keep]" >&2
	exit 2
	;;
esac
typescript=${2:-latest}
if [ "$typescript" != keep ] && ! command -v npm >/dev/null; then
	echo "$0: npm is missing: install node and npm, or leave the TypeScript SDK as it is with TYPESCRIPT=keep" >&2
	exit 1
fi
sdk=github.com/anthropics/anthropic-sdk-go/${version%%.*}
case $sdk in
*/v0 | */v1) sdk=${sdk%/*} ;;
esac
if ! grep -q "^[[:space:]]$sdk v" conformance/go.mod; then
	echo "$0: $sdk is another module: change its path in conformance/drift/sdk.go and wherever else it is imported (git grep anthropic-sdk-go)" >&2
	exit 1
fi

.ci/standalone conformance go get "$sdk@$version"
.ci/standalone conformance go mod tidy
sed "s/^The official Go SDK, v[0-9.]*[0-9],/The official Go SDK, $version,/" README.md >README.md.new
mv README.md.new README.md
sed "s/, here v[0-9.]*[0-9])/, here $version)/" MIGRATING.md >MIGRATING.md.new
mv MIGRATING.md.new MIGRATING.md

if [ "$typescript" != keep ]; then
	(cd conformance/foreign && npm install --save-dev --save-exact "@anthropic-ai/sdk@$typescript")
	conformance/inventory.sh
fi

cd conformance
go run ./cmd/drift -prune
