package relay

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite" // also the driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"onetimechat/padstore/durable"
)

// Files in the data directory. SQLite adds mailbox.db-wal and mailbox.db-shm.
const (
	dbFile   = "mailbox.db"
	lockFile = "relay.lock"
)

// Refs that are left out at a start: some, for what a disk lost that lies about
// syncs, and more for each second since the clock was last written, or since
// firstDay in a new database. So one put back from a copy, and one begun anew in
// the place of a lost one, give no ref again that was given, unless messages came
// faster than that all the time: hosts do not look below the refs that they had.
const (
	gapAtStart   = 1 << 16
	gapPerSecond = 64
	maxGap       = 1 << 40    // by a clock that is far wrong
	firstDay     = 1793491200 // 1 November 2026, in Unix seconds: no relay left refs out before
)

// synced says how the writing connection is set: a commit returns when it is
// synced.
func synced() []string {
	return []string{
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"wal_autocheckpoint(32000)",    // pages of 4 KiB, 131 MB
		"journal_size_limit(67108864)", // bytes
	}
}

// longLog is how long SQLite's log may grow, in bytes, before its readers are
// waited for: it begins anew by itself only when nobody happens to read.
const longLog = 256 << 20

// readers is how many mailboxes are read at the same time.
const readers = 4

// mailboxState is what is known of one mailbox without asking the database.
type mailboxState struct {
	highest int64 // ref
	count   int64 // messages kept; with the last one a mailbox is forgotten
	bytes   int64 // of contents kept
}

// pair is a recipient, and who is said to have sent.
type pair struct{ recipient, sender string }

// share is what one sender has in one mailbox.
type share struct{ count, bytes int64 }

// changes is what a transaction changed: states as they are afterwards, and what
// the new messages cost whom.
type changes struct {
	boxes  map[string]mailboxState
	shares map[pair]share
	spent  map[origin]int64
}

func newChanges() changes {
	return changes{boxes: make(map[string]mailboxState), shares: make(map[pair]share), spent: make(map[origin]int64)}
}

// forgotten is the highest ref of the mailboxes that the transaction emptied.
func (c changes) forgotten() (ref int64) {
	for _, box := range c.boxes {
		if box.count == 0 {
			ref = max(ref, box.highest)
		}
	}
	return ref
}

// store is the database, and a summary of it in memory that holds what is
// committed. Only the writer changes either.
type store struct {
	lock, write, read *sql.DB
	insert, find      *sql.Stmt // of write
	readFrom          *sql.Stmt // of read
	logPath           string
	longLog           int64

	nextRef int64 // of the next message; the writer's own
	clock   int64 // as it was last written; the writer's own
	written int64 // when that was, in Unix seconds

	mu        sync.RWMutex
	boxes     map[string]mailboxState
	shares    map[pair]share // of messages kept, so no more than those
	messages  int64          // kept in all
	bytes     int64          // of contents kept in all
	forgotten int64          // the highest ref of the mailboxes that are empty now
}

func openStore(dir string) (_ *store, err error) {
	s := &store{longLog: longLog, boxes: make(map[string]mailboxState), shares: make(map[pair]share)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := durable.MakeFolder(dir); err != nil {
		return nil, err
	}
	if err := s.takeLock(filepath.Join(dir, lockFile)); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, dbFile)
	s.logPath = path + "-wal"
	if err := s.connect(path); err != nil {
		return nil, err
	}
	for _, step := range []func() error{s.prepareSchema, s.prepareStatements, s.summarise} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return s, nil
}

// connect opens the database for one who writes and several who read. What those
// share is in a file; on a disk without room for that the one connection serves all,
// one after the other, so that at least what is there is answered.
func (s *store) connect(path string) (err error) {
	if s.write, err = openDB(path, 1, synced()...); err != nil {
		return err
	}
	err = s.write.Ping()
	if of, ok := errors.AsType[*sqlite.Error](err); ok && of.Code() == sqlite3.SQLITE_IOERR_SHMSIZE {
		failed := s.write
		s.write, err = openDB(path, 1, "locking_mode(EXCLUSIVE)", "synchronous(FULL)")
		s.read = s.write
		return errors.Join(err, failed.Close())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.read, err = openDB(path, readers, "query_only(true)")
	return err
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
// its own, which ends with the process, and writes nothing, for which a full disk
// would have no room.
func (s *store) takeLock(path string) error {
	db, err := openDB(path, 1)
	if err != nil {
		return err
	}
	s.lock = db
	for _, step := range []string{"PRAGMA busy_timeout = 0", "PRAGMA journal_mode = OFF", "BEGIN EXCLUSIVE"} {
		_, err := db.Exec(step)
		if isCode(err, sqlite3.SQLITE_BUSY) {
			return fmt.Errorf("%s: another relay is running here: %w", path, err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// advised adds what the keeper can do about a database that does not hold what was
// written, or a disk that does not take it.
func advised(err error) error {
	switch {
	case isCode(err, sqlite3.SQLITE_CORRUPT), isCode(err, sqlite3.SQLITE_NOTADB):
		return fmt.Errorf("%w; put back a copy of its folder, or move the folder away and begin without the messages in it", err)
	case isCode(err, sqlite3.SQLITE_IOERR): // also where there is no room for SQLite's own files
		return fmt.Errorf("%w; is the disk full, or failing?", err)
	}
	return err
}

// isCode tells whether err is SQLite's with that primary code.
func isCode(err error, code int) bool {
	of := (*sqlite.Error)(nil)
	return errors.As(err, &of) && of.Code()&0xff == code
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
	var last, received int64
	if err := s.read.QueryRow(`SELECT clock, written, forgotten FROM state`).Scan(&s.clock, &s.written, &s.forgotten); err != nil {
		return err
	}
	err := s.read.QueryRow(`SELECT ref, received FROM messages ORDER BY ref DESC LIMIT 1`).Scan(&last, &received)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	s.clock = max(s.clock, received)
	s.nextRef = max(last, s.forgotten) + 1
	// Without an order, and counted here: to sort, SQLite writes temporary files, for
	// which a full disk has no room.
	rows, err := s.read.Query(`SELECT recipient, sender, ref, size FROM messages`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p pair
		var ref, size int64
		if err := rows.Scan(&p.recipient, &p.sender, &ref, &size); err != nil {
			return err
		}
		box, of := s.boxes[p.recipient], s.shares[p]
		s.boxes[p.recipient] = mailboxState{highest: max(box.highest, ref), count: box.count + 1, bytes: box.bytes + size}
		s.shares[p] = share{count: of.count + 1, bytes: of.bytes + size}
		s.messages++
		s.bytes += size
	}
	return rows.Err()
}

// begin begins a transaction of the writer's.
func (s *store) begin() (*sql.Tx, error) {
	if err := s.shorten(); err != nil {
		return nil, err
	}
	return s.write.Begin()
}

// shorten folds a log that is too long into the database. It waits for those
// who read now, and lets newcomers read on. The next try makes good one that
// was in vain.
func (s *store) shorten() error {
	info, err := os.Stat(s.logPath)
	if err != nil || info.Size() < s.longLog {
		return nil // no log is a short one
	}
	_, err = s.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	return err
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

// mailbox is the committed state of one mailbox, zero for one without messages.
func (s *store) mailbox(recipient string) (box mailboxState, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	box, known = s.boxes[recipient]
	return box, known
}

// next is behind every ref that the mailbox ever had, 0 when nobody's had any.
// Of an empty one nothing is kept, so that all of those share one answer.
func (s *store) next(recipient string) int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	highest := s.forgotten
	if box, known := s.boxes[recipient]; known {
		highest = box.highest
	}
	if highest == 0 {
		return 0
	}
	return highest + 1
}

// leaveGap leaves out refs that may have been given before. A database without
// refs may stand in for one that was lost, of any age.
func (s *store) leaveGap(now time.Time) {
	gap := gapAtStart + gapPerSecond*max(0, now.Unix()-s.written)
	if s.nextRef == 1 {
		gap = gapPerSecond * max(0, now.Unix()-firstDay)
	}
	s.nextRef += min(maxGap, gap)
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

// total is how many messages are kept in all, and the size of their contents.
func (s *store) total() (messages, bytes int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.messages, s.bytes
}

// committed replaces the states that a transaction changed.
func (s *store) committed(changed changes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgotten = max(s.forgotten, changed.forgotten())
	for recipient, box := range changed.boxes {
		before := s.boxes[recipient]
		s.messages += box.count - before.count
		s.bytes += box.bytes - before.bytes
		if box.count == 0 {
			delete(s.boxes, recipient)
			continue
		}
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
