// Package chaos has tests that kill, suspend and disconnect workers, and restart their database.
package chaos
