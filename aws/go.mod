module github.com/seed-111a911e/messagebatches/aws

go 1.26

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/seed-111a911e/messagebatches v0.2.0
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/aws/smithy-go v1.28.9 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
)
