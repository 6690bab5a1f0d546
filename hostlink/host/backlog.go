package host

import (
	"context"

	"onetimechat/padstore/durable"
)

// backlog is behind what is in a mailbox that this host begins with, if it had
// another one before: that may be the same one at another address, in which the user
// has read already.
func (h *Host) backlog(ctx context.Context) (int64, error) {
	var before []string
	err := h.files(ctx, func(disk durable.Disk) (err error) {
		before, err = list(disk, inPrefix)
		return err
	})
	if err != nil || len(before) == 0 {
		return 0, err
	}
	return h.cfg.Relay.NextRef(ctx, h.cfg.User)
}
