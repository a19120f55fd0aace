package jobs

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// networks are file systems on which locks or SQLite are unreliable.
var networks = map[int64]string{
	unix.NFS_SUPER_MAGIC: "NFS", unix.SMB_SUPER_MAGIC: "SMB", unix.SMB2_SUPER_MAGIC: "SMB", unix.CIFS_SUPER_MAGIC: "CIFS",
	unix.AFS_SUPER_MAGIC: "AFS", unix.CODA_SUPER_MAGIC: "Coda", unix.CEPH_SUPER_MAGIC: "Ceph",
}

// checkFileSystem refuses directories on network file systems.
func checkFileSystem(dir string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	if name := networks[int64(s.Type)]; name != "" { //nolint:unconvert // the type differs between architectures
		return fmt.Errorf("the directory is on a network file system (%s), where locks are unreliable: use a local disk", name)
	}
	return nil
}
