package bucket_test

import (
	"context"
	"fmt"
	"log"

	_ "gocloud.dev/blob/memblob" // the driver of mem:// URLs

	"github.com/seed-111a911e/messagebatches/jobs/bucket"
)

func ExampleOpen() {
	ctx := context.Background()
	blobs, err := bucket.Open(ctx, "mem://", bucket.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer blobs.Close()
	upload, err := blobs.Create(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(upload, "a part")
	fmt.Println(upload.Commit("abcdefgh/parts/1"))
	// Output: <nil>
}
