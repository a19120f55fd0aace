package jobs

import (
	"context"
	"fmt"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A StrangerError reports that a client belongs to another organization or workspace than the job.
type StrangerError struct {
	Organization, Workspace       string // of the client
	JobOrganization, JobWorkspace string // of the job
}

// Error names both organizations and workspaces.
func (s *StrangerError) Error() string {
	return fmt.Sprintf("the job belongs to organization %.100q, workspace %.100q, but the key to organization %.100q, workspace %.100q", s.JobOrganization, s.JobWorkspace, s.Organization, s.Workspace)
}

// belongs records the organization and workspace of the job in the first call, and later checks them.
func (e *engine) belongs(ctx context.Context, facts client.Response) error {
	check := func(j *store.Job) error {
		if j.Organization != "" && facts.OrganizationID != "" && j.Organization != facts.OrganizationID ||
			j.Workspace != "" && facts.WorkspaceID != "" && j.Workspace != facts.WorkspaceID {
			return &StrangerError{facts.OrganizationID, facts.WorkspaceID, j.Organization, j.Workspace}
		}
		return nil
	}
	known := false
	err := e.store.View(ctx, func(tx store.Tx) error {
		j, err := tx.Job(e.job)
		if err != nil {
			return err
		}
		known = (j.Organization != "" || facts.OrganizationID == "") && (j.Workspace != "" || facts.WorkspaceID == "")
		return check(j)
	})
	if err != nil || known {
		return err
	}
	return e.store.Update(ctx, func(tx store.Tx) error {
		j, err := tx.Job(e.job)
		if err == nil {
			err = check(j)
		}
		if err != nil {
			return err
		}
		if j.Organization == "" {
			j.Organization = facts.OrganizationID
		}
		if j.Workspace == "" {
			j.Workspace = facts.WorkspaceID
		}
		return tx.PutJob(j)
	})
}
