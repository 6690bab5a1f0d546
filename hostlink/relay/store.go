package relay

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Files in the data directory. SQLite adds mailbox.db-wal and mailbox.db-shm.
const (
	dbFile   = "mailbox.db"
	lockFile = "relay.lock"
)

// schemaVersion is SQLite's user_version of the schema.
const schemaVersion = 1

// The one table of messages. once is a digest of all that makes a send the
// same send again, NULL without an id. marks keeps the highest ref of mailboxes
// that had messages deleted, so that refs never come back.
const schema = `
CREATE TABLE messages (
	ref       INTEGER PRIMARY KEY,
	recipient TEXT    NOT NULL,
	sender    TEXT    NOT NULL,
	received  INTEGER NOT NULL, -- Unix seconds
	size      INTEGER NOT NULL, -- bytes of contents
	once      BLOB,
	contents  TEXT    NOT NULL
) STRICT;
CREATE INDEX by_mailbox ON messages (recipient, ref, size);
CREATE INDEX by_age ON messages (received);
CREATE UNIQUE INDEX by_once ON messages (once) WHERE once IS NOT NULL;
CREATE TABLE marks (
	recipient TEXT PRIMARY KEY,
	ref       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

// durable says how the writing connection is set: a commit returns when it is
// synced. Pages are small because a commit writes whole ones, and a message of
// a few hundred bytes touches one of each index.
func durable() []string {
	return []string{
		"page_size(1024)", // bytes; only when the file is new
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"wal_autocheckpoint(32000)",    // pages, 32 MB
		"journal_size_limit(67108864)", // bytes
	}
}

// readers is how many mailboxes are read at the same time.
const readers = 4

// mailboxState is what is known of one mailbox without asking the database.
type mailboxState struct {
	highest int64 // ref; stays when its message is deleted
	count   int64 // messages kept
	bytes   int64 // of contents kept
}

// pair is a recipient, and who is said to have sent.
type pair struct{ recipient, sender string }

// share is what one sender has in one mailbox.
type share struct{ count, bytes int64 }

// changes is what a transaction changed: states as they are afterwards.
type changes struct {
	boxes  map[string]mailboxState
	shares map[pair]share
}

func newChanges() changes {
	return changes{boxes: make(map[string]mailboxState), shares: make(map[pair]share)}
}

// store is the database, and a summary of it in memory that holds what is
// committed. Only the writer changes either.
type store struct {
	lock, write, read *sql.DB
	insert, find      *sql.Stmt // of write
	readFrom          *sql.Stmt // of read

	nextRef int64 // of the next message; the writer's own

	mu     sync.RWMutex
	boxes  map[string]mailboxState
	shares map[pair]share // of messages kept, so no more than those
	bytes  int64          // of contents kept in all
}

func openStore(dir string) (_ *store, err error) {
	s := &store{boxes: make(map[string]mailboxState), shares: make(map[pair]share)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := s.takeLock(filepath.Join(dir, lockFile)); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, dbFile)
	if s.write, err = openDB(path, 1, durable()...); err != nil {
		return nil, err
	}
	if err := s.prepareSchema(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.read, err = openDB(path, readers, "query_only(true)"); err != nil {
		return nil, err
	}
	if err := s.prepareStatements(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := s.summarise(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// openDB opens path with at most conns connections. The file is made
// beforehand, because SQLite would make it readable to others.
func openDB(path string, conns int, pragmas ...string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(file.Chmod(0o600), file.Close()); err != nil {
		return nil, err
	}
	query := url.Values{"_pragma": append([]string{"busy_timeout(10000)"}, pragmas...), "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", fileURL(filepath.ToSlash(path), query))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// fileURL is a file as SQLite takes it (sqlite.org/uri.html). On Windows a path
// begins with a drive, which must not be taken for a host.
func fileURL(path string, query url.Values) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	return u.String()
}

// takeLock keeps other relays out for as long as this one lives: two would
// give the same ref twice. The lock is an open transaction on a database of
// its own, which ends with the process.
func (s *store) takeLock(path string) error {
	db, err := openDB(path, 1)
	if err != nil {
		return err
	}
	s.lock = db
	if _, err := db.Exec("PRAGMA busy_timeout = 0"); err != nil {
		return err
	}
	if _, err := db.Exec("BEGIN EXCLUSIVE"); err != nil {
		return fmt.Errorf("%s: another relay is running here: %w", path, err)
	}
	return nil
}

func (s *store) prepareSchema() error {
	var version int
	if err := s.write.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
	default:
		return fmt.Errorf("made by another version of this program (%d)", version)
	}
	tx, err := s.write.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if _, err := tx.Exec(schema); err != nil {
		return err
	}
	if _, err := tx.Exec("PRAGMA user_version = " + strconv.Itoa(schemaVersion)); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *store) prepareStatements() (err error) {
	if s.insert, err = s.write.Prepare(`INSERT INTO messages (ref, recipient, sender, received, size, once, contents)
		VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (once) WHERE once IS NOT NULL DO NOTHING`); err != nil {
		return err
	}
	if s.find, err = s.write.Prepare(`SELECT ref FROM messages WHERE once = ?`); err != nil {
		return err
	}
	s.readFrom, err = s.read.Prepare(`SELECT ref, sender, contents FROM messages WHERE recipient = ? AND ref >= ? ORDER BY ref LIMIT ?`)
	return err
}

// summarise fills the summary in memory.
func (s *store) summarise() error {
	rows, err := s.read.Query(`
		SELECT recipient, MAX(ref), SUM(n), SUM(bytes) FROM (
			SELECT recipient, MAX(ref) AS ref, COUNT(*) AS n, SUM(size) AS bytes FROM messages GROUP BY recipient
			UNION ALL
			SELECT recipient, ref, 0, 0 FROM marks
		) GROUP BY recipient`)
	if err != nil {
		return err
	}
	defer rows.Close()
	s.nextRef = 1
	for rows.Next() {
		var recipient string
		var box mailboxState
		if err := rows.Scan(&recipient, &box.highest, &box.count, &box.bytes); err != nil {
			return err
		}
		s.boxes[recipient] = box
		s.bytes += box.bytes
		s.nextRef = max(s.nextRef, box.highest+1)
	}
	return errors.Join(rows.Err(), s.summariseShares())
}

func (s *store) summariseShares() error {
	rows, err := s.read.Query(`SELECT recipient, sender, COUNT(*), SUM(size) FROM messages GROUP BY recipient, sender`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p pair
		var of share
		if err := rows.Scan(&p.recipient, &p.sender, &of.count, &of.bytes); err != nil {
			return err
		}
		s.shares[p] = of
	}
	return rows.Err()
}

func (s *store) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{s.insert, s.find, s.readFrom} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	for _, db := range []*sql.DB{s.read, s.write, s.lock} { // the lock last
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// mailbox is the committed state of one mailbox, zero for one never seen.
func (s *store) mailbox(recipient string) (box mailboxState, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	box, known = s.boxes[recipient]
	return box, known
}

// share is the committed state of one sender's share.
func (s *store) share(p pair) share {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.shares[p]
}

func (s *store) mailboxes() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.boxes)
}

// totalBytes is the size of all contents kept.
func (s *store) totalBytes() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.bytes
}

// committed replaces the states that a transaction changed.
func (s *store) committed(changed changes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for recipient, box := range changed.boxes {
		s.bytes += box.bytes - s.boxes[recipient].bytes
		s.boxes[recipient] = box
	}
	for p, of := range changed.shares {
		if of.count == 0 {
			delete(s.shares, p)
			continue
		}
		s.shares[p] = of
	}
}
