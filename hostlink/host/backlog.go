package host

import (
	"context"

	"onetimechat/padstore/durable"
)

// noteBacklog notes what is in a mailbox that this host has just begun with, if it
// had another one before: that may be the same one at another address, in which the
// user has read already.
func (h *Host) noteBacklog(ctx context.Context) error {
	var before []string
	err := h.files(ctx, func(disk durable.Disk) (err error) {
		before, err = list(disk, inPrefix)
		return err
	})
	if err != nil || len(before) == 0 {
		return err
	}
	next, err := h.cfg.Relay.NextRef(ctx, h.cfg.User)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.backlog = next
	return err
}

// inBacklog tells whether ref was there when this host began with the mailbox.
func (h *Host) inBacklog(ref int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return ref < h.backlog
}
