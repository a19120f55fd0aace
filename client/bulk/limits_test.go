package bulk

import (
	"math"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
)

// A batch with more than the service allows would be refused as a whole.
func TestLimitsOfTheService(t *testing.T) {
	t.Parallel()
	service := Limits{MaxRequests: client.MaxRequests, MaxBytes: client.MaxBytes}
	for name, tt := range map[string]struct{ limits, want Limits }{
		"zero/both":      {Limits{}, service},
		"above/both":     {Limits{MaxRequests: math.MaxInt, MaxBytes: math.MaxInt64}, service},
		"above/by one":   {Limits{MaxRequests: client.MaxRequests + 1, MaxBytes: client.MaxBytes + 1}, service},
		"below/requests": {Limits{MaxRequests: 10}, Limits{MaxRequests: 10, MaxBytes: client.MaxBytes}},
		"below/bytes":    {Limits{MaxBytes: 10}, Limits{MaxRequests: client.MaxRequests, MaxBytes: 10}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p, err := newPacker(tt.limits); err != nil || p.most != tt.want {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}
