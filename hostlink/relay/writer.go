package relay

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// Reasons not to take a message.
var (
	errMailboxFull = errors.New("this mailbox is full")
	errShareFull   = errors.New("this sender's share of the mailbox is full")
	errSpent       = errors.New("this address has sent enough for now")
	errRelayFull   = errors.New("this relay is full")
	errUnwritable  = errors.New("this relay cannot keep messages now")
	errClosing     = errors.New("this relay is closing")
)

// A batch is what shares one synced commit. It waits for nobody: while one is
// synced the next gathers by itself.
const (
	batchMessages = 512
	batchBytes    = 8 << 20
	sweepMessages = 64 // deleted in one transaction: of long ones each page is read, and senders wait
)

// submission is one message on its way to the database.
type submission struct {
	recipient, sender, contents string
	from                        origin
	once                        []byte      // nil without an id
	result                      chan result // has room for one
}

type result struct {
	ref int64
	err error
}

// onceOf is the digest of a send with an id. Lengths keep the parts apart.
func onceOf(recipient, sender, id, contents string) []byte {
	h := sha256.New()
	for _, part := range []string{recipient, sender, id, contents} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

// writer is the one goroutine that changes the database.
type writer struct {
	cfg   Config
	store *store
	bells *bells
	clock clock
	spent *allowance
	balks bool // the database took nothing, last time

	submissions chan *submission // unbuffered: what is received is answered
	stopping    chan struct{}
	done        chan struct{} // closed when the goroutine has ended
	failed      chan struct{} // closed when it ended by itself, because of err
	err         error
}

func startWriter(cfg Config, store *store, bells *bells) *writer {
	w := newWriter(cfg, store, bells)
	go w.run()
	return w
}

func newWriter(cfg Config, store *store, bells *bells) *writer {
	return &writer{
		cfg:         cfg,
		store:       store,
		bells:       bells,
		clock:       startClock(cfg.now, store.clock),
		spent:       newAllowance(cfg.MaxAddressBytes, cfg.Retention),
		submissions: make(chan *submission),
		stopping:    make(chan struct{}),
		done:        make(chan struct{}),
		failed:      make(chan struct{}),
	}
}

// submit hands in a message and waits until it is synced. It takes no context:
// whether a message was kept must not depend on who is still listening.
func (w *writer) submit(s *submission) (ref int64, err error) {
	s.result = make(chan result, 1)
	select {
	case w.submissions <- s:
		r := <-s.result
		return r.ref, r.err
	case <-w.done:
		return 0, errClosing
	}
}

// stop ends the goroutine after the batch it is at.
func (w *writer) stop() {
	close(w.stopping)
	<-w.done
}

func (w *writer) run() {
	defer close(w.done)
	ticker := time.NewTicker(w.cfg.sweepEvery)
	defer ticker.Stop()
	err := w.sweep()
	for err == nil {
		select {
		case first := <-w.submissions:
			err = w.keep(w.gather(first))
		case <-ticker.C:
			err = w.sweep()
		case <-w.cfg.sweepNow:
			err = w.sweep()
		case <-w.stopping:
			if err := w.saveClock(); err != nil {
				w.cfg.Log.Warn("clock not saved", "error", err)
			}
			return
		}
	}
	w.err = fmt.Errorf("relay: database failed: %w", advised(err))
	w.cfg.Log.Error("database failed", "error", err)
	close(w.failed)
}

// gather adds to first whatever waits now.
func (w *writer) gather(first *submission) []*submission {
	batch := []*submission{first}
	for size := len(first.contents); len(batch) < batchMessages && size < batchBytes; {
		select {
		case s := <-w.submissions:
			batch = append(batch, s)
			size += len(s.contents)
		default:
			return batch
		}
	}
	return batch
}

// keep stores a batch and answers all of it. An error is final.
func (w *writer) keep(batch []*submission) error {
	results := make([]result, len(batch))
	changed, err := w.insert(batch, results)
	if err == nil {
		w.store.committed(changed)
		for from, cost := range changed.spent {
			w.spent.spend(from, cost, w.clock.seconds())
		}
	}
	for i, s := range batch {
		if err != nil {
			results[i] = result{err: errUnwritable}
		}
		s.result <- results[i]
	}
	for recipient := range changed.boxes {
		w.bells.ring(recipient)
	}
	return w.final(err)
}

// final passes on the errors that end the relay: all but a full disk, and a
// database that another program has locked, after which SQLite has rolled back and
// goes on.
func (w *writer) final(err error) error {
	why := passing(err)
	if why != "" && !w.balks { // once, not for every message: the log may be on the same disk
		w.cfg.Log.Warn(why, "error", err)
	}
	if w.balks = why != ""; w.balks {
		return nil
	}
	return err
}

// passing names an error of the database that passes, "" for any other.
func passing(err error) string {
	switch {
	case isCode(err, sqlite3.SQLITE_FULL):
		return "disk full"
	case isCode(err, sqlite3.SQLITE_BUSY):
		return "database locked by another program"
	}
	return ""
}

// insert runs one transaction for the batch and fills results. It returns the
// new states of what it changed, which count once it has committed.
func (w *writer) insert(batch []*submission, results []result) (changes, error) {
	tx, err := w.store.begin()
	if err != nil {
		return changes{}, err
	}
	defer tx.Rollback() // does nothing after Commit
	b := insertion{
		writer:   w,
		insert:   tx.Stmt(w.store.insert),
		find:     tx.Stmt(w.store.find),
		received: w.clock.seconds(),
		changed:  newChanges(),
		boxes:    w.store.mailboxes(),
	}
	b.messages, b.bytes = w.store.total()
	for i, s := range batch {
		if results[i], err = b.add(s); err != nil {
			return changes{}, err
		}
	}
	return b.changed, tx.Commit()
}

// insertion is one transaction of new messages.
type insertion struct {
	*writer
	insert, find *sql.Stmt
	received     int64

	changed  changes
	boxes    int   // mailboxes, this transaction's included
	messages int64 // in all, this transaction's included
	bytes    int64 // of contents in all, this transaction's included
}

// add stores one message. The error is the database's; a message that cannot
// be taken is a result.
func (b *insertion) add(s *submission) (result, error) {
	box, known := b.changed.boxes[s.recipient]
	if !known {
		box, known = b.store.mailbox(s.recipient)
	}
	from := pair{s.recipient, s.sender}
	of, changed := b.changed.shares[from]
	if !changed {
		of = b.store.share(from)
	}
	size := int64(len(s.contents))
	cost := costOf(size, !known)
	refusal := b.refusal(box, known, of, size)
	if refusal == nil && !b.spent.allows(s.from, b.changed.spent[s.from]+cost, b.received) {
		refusal = errSpent
	}
	if refusal != nil {
		// The same send again is harmless, also when there is no more room.
		ref, err := b.refOf(s.once)
		if err != nil || ref != 0 {
			return result{ref: ref}, err
		}
		return result{err: refusal}, nil
	}
	ref := b.store.nextRef
	done, err := b.insert.Exec(ref, s.recipient, s.sender, b.received, size, s.once, s.contents)
	if err != nil {
		return result{}, err
	}
	if rows, err := done.RowsAffected(); err != nil {
		return result{}, err
	} else if rows == 0 {
		ref, err := b.refOf(s.once)
		return result{ref: ref}, err
	}
	b.store.nextRef++ // also when the commit fails: a gap is harmless
	b.changed.boxes[s.recipient] = mailboxState{highest: ref, count: box.count + 1, bytes: box.bytes + size}
	b.changed.shares[from] = share{count: of.count + 1, bytes: of.bytes + size}
	b.changed.spent[s.from] += cost
	b.messages++
	b.bytes += size
	if !known {
		b.boxes++
	}
	return result{ref: ref}, nil
}

func (b *insertion) refusal(box mailboxState, known bool, of share, size int64) error {
	switch {
	case box.count >= b.cfg.MaxMailboxMessages || box.bytes+size > b.cfg.MaxMailboxBytes:
		return errMailboxFull
	case of.count >= b.cfg.MaxSenderMessages || of.bytes+size > b.cfg.MaxSenderBytes:
		return errShareFull
	case b.messages >= b.cfg.MaxMessages || b.bytes+size > b.cfg.MaxBytes || !known && b.boxes >= b.cfg.MaxMailboxes:
		return errRelayFull
	}
	return nil
}

// refOf finds an earlier send of the same message, 0 when there is none.
func (b *insertion) refOf(once []byte) (ref int64, err error) {
	if once == nil {
		return 0, nil
	}
	err = b.find.QueryRow(once).Scan(&ref)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return ref, err
}

// sweep deletes messages older than the retention, in slices between which
// senders are served. An error is final.
func (w *writer) sweep() error {
	if err := w.saveClock(); err != nil {
		if err := w.final(err); err != nil {
			return err
		}
	}
	now := w.clock.seconds()
	w.spent.tidy(now)
	before := now - int64(w.cfg.Retention/time.Second)
	for deleted := 0; ; {
		n, err := w.deleteOldest(before)
		if err != nil {
			return w.final(err)
		}
		deleted += n
		if n < sweepMessages {
			if deleted > 0 {
				w.cfg.Log.Info("old messages deleted", "count", deleted)
			}
			return nil
		}
		select {
		case first := <-w.submissions:
			if err := w.keep(w.gather(first)); err != nil {
				return err
			}
		case <-w.stopping:
			return nil
		default:
		}
	}
}

// saveClock writes down how long the relay has run.
func (w *writer) saveClock() error {
	now := w.clock.seconds()
	if now == w.store.clock {
		return nil
	}
	if _, err := w.store.write.Exec(`UPDATE state SET clock = ?, written = ?`, now, w.cfg.now().Unix()); err != nil {
		return err
	}
	w.store.clock = now
	return nil
}

// deleteOldest deletes some messages received before then. The highest ref of
// a mailbox that it empties is kept, in the same transaction.
func (w *writer) deleteOldest(before int64) (deleted int, err error) {
	tx, err := w.store.begin()
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // does nothing after Commit
	rows, err := tx.Query(`DELETE FROM messages WHERE ref IN
		(SELECT ref FROM messages WHERE received < ? ORDER BY received, ref LIMIT ?) RETURNING recipient, sender, size`, before, sweepMessages)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	changed := newChanges()
	for ; rows.Next(); deleted++ {
		var from pair
		var size int64
		if err := rows.Scan(&from.recipient, &from.sender, &size); err != nil {
			return 0, err
		}
		box, ok := changed.boxes[from.recipient]
		if !ok {
			box, _ = w.store.mailbox(from.recipient)
		}
		of, ok := changed.shares[from]
		if !ok {
			of = w.store.share(from)
		}
		changed.shares[from] = share{count: of.count - 1, bytes: of.bytes - size}
		changed.boxes[from.recipient] = mailboxState{highest: box.highest, count: box.count - 1, bytes: box.bytes - size}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if _, err := tx.Exec(`UPDATE state SET forgotten = MAX(forgotten, ?)`, changed.forgotten()); err != nil {
		return 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	w.store.committed(changed)
	return deleted, nil
}
