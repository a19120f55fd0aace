package bucket_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/blob/s3blob"

	"github.com/seed-111a911e/messagebatches/jobs/bucket"
	"github.com/seed-111a911e/messagebatches/jobs/store/blobtest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	b := bucket.New(memblob.OpenBucket(nil), bucket.Options{Temp: t.TempDir()})
	defer b.Close()
	blobtest.Run(t, b)
}

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := bucket.Open(t.Context(), (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir), RawQuery: "no_tmp_dir=true&metadata=skip"}).String(), bucket.Options{Prefix: "below/", Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	blobtest.Run(t, b)
	if _, err := os.Stat(filepath.Join(dir, "below", "shared")); err != nil {
		t.Errorf("the prefix is missing: %v", err)
	}
}

var _ = fileblob.Scheme // the driver

// openS3 opens a bucket of a server that speaks the S3 protocol, and counts requests for encryption with the key.
func openS3(t *testing.T, o bucket.Options) (b *bucket.Bucket, encrypted *atomic.Int64) {
	t.Helper()
	encrypted = new(atomic.Int64)
	fake := gofakes3.New(s3mem.New()).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Server-Side-Encryption") == "aws:kms" && r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") == "our-key" {
			encrypted.Add(1)
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("tickets")}); err != nil {
		t.Fatal(err)
	}
	opened, err := s3blob.OpenBucket(t.Context(), c, "tickets", nil)
	if err != nil {
		t.Fatal(err)
	}
	b = bucket.New(opened, o)
	t.Cleanup(func() { _ = b.Close() })
	return b, encrypted
}

func TestS3(t *testing.T) {
	t.Parallel()
	b, _ := openS3(t, bucket.Options{Temp: t.TempDir()})
	blobtest.Run(t, b)
}

// TestEncryption checks that settings of encryption reach the server.
func TestEncryption(t *testing.T) {
	t.Parallel()
	encrypt := func(as func(any) bool) error {
		var in *transfermanager.UploadObjectInput
		if !as(&in) {
			return errors.New("unexpected type of request")
		}
		in.ServerSideEncryption, in.SSEKMSKeyID = types.ServerSideEncryptionAwsKms, aws.String("our-key")
		return nil
	}
	b, encrypted := openS3(t, bucket.Options{Temp: t.TempDir(), Writer: &blob.WriterOptions{BeforeWrite: encrypt}})
	u, err := b.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Write([]byte("a prompt")); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit("a"); err != nil {
		t.Fatal(err)
	}
	if encrypted.Load() != 1 {
		t.Errorf("%d writes were encrypted, want 1", encrypted.Load())
	}
}

// TestInterrupted cancels a write: no file appears in the bucket, and none is left on the disk.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	b, _ := openS3(t, bucket.Options{Temp: temp})
	ctx, cancel := context.WithCancel(t.Context())
	u, err := b.Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Write(make([]byte, 20<<20)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := u.Commit("a"); err == nil {
		t.Error("Commit succeeded after the context was canceled")
	}
	if _, err := b.Open(t.Context(), "a", 0); err == nil {
		t.Error("the file is in the bucket")
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("files left on the disk: %v, %v", left, err)
	}
}
