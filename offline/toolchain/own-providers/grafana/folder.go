package grafana

import (
	"context"
	"fmt"
	"regexp"

	"github.com/grafana/grafana-openapi-client-go/client/folders"
	"github.com/grafana/grafana-openapi-client-go/models"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Folder is the resource grafana:oss/folder:Folder.
type Folder struct{}

// FolderArgs are the inputs of a Folder.
type FolderArgs struct {
	OrgID                    *string `pulumi:"orgId,optional"`
	ParentFolderUID          *string `pulumi:"parentFolderUid,optional"`
	PreventDestroyIfNotEmpty *bool   `pulumi:"preventDestroyIfNotEmpty,optional"`
	Title                    string  `pulumi:"title"`
	UID                      *string `pulumi:"uid,optional"`
}

// FolderState is what is kept of a Folder.
type FolderState struct {
	FolderArgs
	URL string `pulumi:"url"`
}

// Annotate sets the official type.
func (f *Folder) Annotate(a infer.Annotator) {
	a.SetToken("oss/folder", "Folder")
	a.AddAlias("index/folder", "Folder")
}

var folderUID = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

// Check refuses what Grafana would refuse after half of the deploy.
func (Folder) Check(ctx context.Context, req infer.CheckRequest) (infer.CheckResponse[FolderArgs], error) {
	args, failures, err := infer.DefaultCheck[FolderArgs](ctx, req.NewInputs)
	if args.UID != nil && !req.NewInputs.Get("uid").HasComputed() && !folderUID.MatchString(*args.UID) {
		failures = append(failures, p.CheckFailure{
			Property: "uid", Reason: "a folder's uid has only letters, digits, dashes and underscores",
		})
	}
	return infer.CheckResponse[FolderArgs]{Inputs: args, Failures: failures}, err
}

// Diff tells what changed; a folder of another uid is another folder.
func (Folder) Diff(_ context.Context, req infer.DiffRequest[FolderArgs, FolderState]) (p.DiffResponse, error) {
	before, wanted, c := req.State, req.Inputs, changes{}
	c.add("orgId", organizationDiffers(req.ID, wanted.OrgID), true)
	c.add("uid", differsIfWanted(before.UID, wanted.UID), true)
	c.add("parentFolderUid", differs(before.ParentFolderUID, wanted.ParentFolderUID), false)
	c.add("title", before.Title != wanted.Title, false)
	c.add("preventDestroyIfNotEmpty", differs(before.PreventDestroyIfNotEmpty, wanted.PreventDestroyIfNotEmpty), false)
	return c.response(), nil
}

// Create makes the folder.
func (Folder) Create(ctx context.Context, req infer.CreateRequest[FolderArgs]) (infer.CreateResponse[FolderState], error) {
	state := FolderState{FolderArgs: req.Inputs}
	if req.DryRun {
		if state.UID == nil {
			// Only what is there becomes unknown.
			state.UID = new(string)
		}
		return infer.CreateResponse[FolderState]{Output: state}, nil
	}
	grafana, organization, err := api(ctx, req.Inputs.OrgID)
	if err != nil {
		return infer.CreateResponse[FolderState]{}, err
	}
	made, err := grafana.Folders.CreateFolder(&models.CreateFolderCommand{
		Title: req.Inputs.Title, UID: value(req.Inputs.UID), ParentUID: value(req.Inputs.ParentFolderUID),
	})
	if err != nil {
		return infer.CreateResponse[FolderState]{}, failure(fmt.Sprintf("creating folder %q", req.Inputs.Title), err)
	}
	state.take(ctx, made.Payload)
	return infer.CreateResponse[FolderState]{ID: makeID(organization, made.Payload.UID), Output: state}, nil
}

// Read takes what is there. An empty id tells that nothing is.
func (Folder) Read(ctx context.Context, req infer.ReadRequest[FolderArgs, FolderState]) (infer.ReadResponse[FolderArgs, FolderState], error) {
	resp := infer.ReadResponse[FolderArgs, FolderState]{Inputs: req.Inputs, State: req.State}
	organization, uid := splitID(req.ID)
	grafana, number, err := api(ctx, organization)
	if err != nil {
		return resp, err
	}
	found, err := grafana.Folders.GetFolderByUID(uid)
	if isNotFound(err) {
		return infer.ReadResponse[FolderArgs, FolderState]{}, nil
	}
	if err != nil {
		return resp, failure("reading folder "+uid, err)
	}
	imported := req.Inputs.Title == ""
	resp.ID = makeID(number, found.Payload.UID)
	resp.State.take(ctx, found.Payload)
	resp.Inputs.Title = resp.State.Title
	resp.Inputs.ParentFolderUID = keep(req.Inputs.ParentFolderUID, found.Payload.ParentUID)
	if imported {
		resp.Inputs.UID = &found.Payload.UID
	}
	return resp, nil
}

// Update changes the title and the parent; the rest is the provider's own.
func (Folder) Update(ctx context.Context, req infer.UpdateRequest[FolderArgs, FolderState]) (infer.UpdateResponse[FolderState], error) {
	state := FolderState{FolderArgs: req.Inputs, URL: req.State.URL}
	state.UID = req.State.UID
	moves := differs(req.State.ParentFolderUID, req.Inputs.ParentFolderUID)
	if req.DryRun || !moves && req.Inputs.Title == req.State.Title {
		return infer.UpdateResponse[FolderState]{Output: state}, nil
	}
	organization, uid := splitID(req.ID)
	grafana, _, err := api(ctx, organization)
	if err != nil {
		return infer.UpdateResponse[FolderState]{}, err
	}
	if moves {
		to := &models.MoveFolderCommand{ParentUID: value(req.Inputs.ParentFolderUID)}
		if _, err := grafana.Folders.MoveFolder(uid, to); err != nil {
			return infer.UpdateResponse[FolderState]{}, failure("moving folder "+uid, err)
		}
	}
	made, err := grafana.Folders.UpdateFolder(uid, &models.UpdateFolderCommand{Title: req.Inputs.Title, Overwrite: true})
	if err != nil {
		return infer.UpdateResponse[FolderState]{}, failure("updating folder "+uid, err)
	}
	state.take(ctx, made.Payload)
	return infer.UpdateResponse[FolderState]{Output: state}, nil
}

// Delete removes the folder with what is in it, unless that is to be prevented.
func (Folder) Delete(ctx context.Context, req infer.DeleteRequest[FolderState]) (infer.DeleteResponse, error) {
	organization, uid := splitID(req.ID)
	grafana, _, err := api(ctx, organization)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	params := folders.NewDeleteFolderParams().WithFolderUID(uid)
	if value(req.State.PreventDestroyIfNotEmpty) {
		if err := refuseIfNotEmpty(grafana, uid); err != nil {
			return infer.DeleteResponse{}, err
		}
	} else {
		force := true
		params = params.WithForceDeleteRules(&force)
	}
	if _, err := grafana.Folders.DeleteFolder(params); err != nil && !isNotFound(err) {
		return infer.DeleteResponse{}, failure("deleting folder "+uid, err)
	}
	return infer.DeleteResponse{}, nil
}

func (s *FolderState) take(ctx context.Context, folder *models.Folder) {
	s.Title, s.UID, s.URL = folder.Title, &folder.UID, pageURL(ctx, folder.URL)
	s.ParentFolderUID = keep(s.ParentFolderUID, folder.ParentUID)
}
