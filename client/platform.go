package client

import (
	"fmt"
	"strings"
)

// otherPlatform returns an error for the hosts of platforms that serve Claude without the Message Batches API.
func otherPlatform(host string) error {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ends := func(suffixes ...string) bool {
		for _, suffix := range suffixes {
			if strings.HasSuffix(host, suffix) {
				return true
			}
		}
		return false
	}
	switch {
	case strings.HasPrefix(host, "bedrock") && ends(".amazonaws.com", ".amazonaws.com.cn", ".api.aws"):
		return noBatches("Amazon Bedrock", "its own batch inference (CreateModelInvocationJob), or Claude Platform on AWS, whose base URL is https://aws-external-anthropic.REGION.api.aws")
	case ends("aiplatform.googleapis.com") || strings.HasPrefix(host, "aiplatform.") && ends(".rep.googleapis.com"):
		return noBatches("Google Cloud's Vertex AI", "its own batch predictions")
	case ends(".services.ai.azure.com"):
		return noBatches("Microsoft Foundry", "the Claude API itself, https://api.anthropic.com")
	}
	return nil
}

func noBatches(platform, instead string) error {
	return fmt.Errorf("base URL is that of %s, which does not have the Message Batches API: use %s", platform, instead)
}
