// Package deletion holds what takes the place of Loki's store of delete requests in SQLite, whose translation from C takes longer
// to compile than the rest of Loki's own code. Loki keeps them in BoltDB, which is its default.
package deletion

import (
	"context"
	"errors"
	"time"

	"github.com/grafana/loki/v3/pkg/compactor/deletion/deletionproto"
	"github.com/grafana/loki/v3/pkg/storage/stores/shipper/indexshipper/storage"
)

var errWithoutSQLite = errors.New("this Loki was built without SQLite: leave delete_request_store_db_type as it is, which is boltdb")

type userCacheGen struct {
	userID, cacheGen string
}

type deleteRequestsStoreSQLite struct {
	DeleteRequestsStore
}

func newDeleteRequestsStoreSQLite(string, storage.Client, time.Duration) (*deleteRequestsStoreSQLite, error) {
	return nil, errWithoutSQLite
}

func (*deleteRequestsStoreSQLite) isEmpty(context.Context) (bool, error) { return false, errWithoutSQLite }

func (*deleteRequestsStoreSQLite) copyData(context.Context, []deletionproto.DeleteRequest, []userCacheGen) error {
	return errWithoutSQLite
}

func (*deleteRequestsStoreSQLite) fixProcessedShardCount(context.Context) error { return errWithoutSQLite }

// There is none to clean up.
func cleanupSQLiteDB(string, storage.Client) error { return nil }
