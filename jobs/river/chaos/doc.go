// Package chaos has the tests that kill, stop and cut off workers, and restart their database.
package chaos
