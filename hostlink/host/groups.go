package host

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"onetimechat/hostlink"
	"onetimechat/padstore/durable"
	"onetimechat/padstore/uid"
)

const (
	groupsName = "groups"
	maxGroups  = 256
	maxMembers = 256
)

// TwoMeaningsError says that a contact has the name of a group.
type TwoMeaningsError struct{ Name string }

func (e *TwoMeaningsError) Error() string { return e.Name + " is a contact, and a group's name too" }

// Groups lists the names that stand for several users, on this laptop only.
func (h *Host) Groups(ctx context.Context) (map[string][]string, error) {
	groups := map[string][]string{}
	err := h.files(ctx, func(disk durable.Disk) error { return load(disk, groupsName, &groups) })
	return groups, err
}

// SetGroup has name stand for members; without members it is forgotten. A contact's
// name is refused: what was written to the one would go to the others.
func (h *Host) SetGroup(ctx context.Context, name string, members []string) error {
	for _, id := range slices.Concat([]string{name}, members) {
		if err := uid.Check(id); err != nil {
			return err
		}
	}
	if len(members) > maxMembers {
		return fmt.Errorf("a group has at most %d members", maxMembers)
	}
	if len(members) > 0 {
		if is, err := h.isContact(ctx, name); err != nil {
			return err
		} else if is {
			return fmt.Errorf("%s is a contact: give the group another name", name)
		}
	}
	return h.files(ctx, func(disk durable.Disk) error {
		groups := map[string][]string{}
		if err := load(disk, groupsName, &groups); err != nil {
			return err
		}
		if len(members) == 0 {
			delete(groups, name)
		} else {
			groups[name] = unique(members)
		}
		if len(groups) > maxGroups {
			return fmt.Errorf("at most %d groups are kept", maxGroups)
		}
		return save(disk, groupsName, groups)
	})
}

// isContact asks the pad device whether it shares a pad with somebody of that name.
func (h *Host) isContact(ctx context.Context, name string) (bool, error) {
	status, err := h.checkOwner(ctx)
	return slices.ContainsFunc(status.Pads, func(p hostlink.Pad) bool { return p.Contact == name }), err
}

// Members are the users that a group's name, or else a list of them, stands for. A
// name that is a contact's by now, too, is refused.
func (h *Host) Members(ctx context.Context, nameOrList []string) ([]string, error) {
	if len(nameOrList) == 1 {
		groups, err := h.Groups(ctx)
		if err != nil {
			return nil, err
		}
		if members := groups[nameOrList[0]]; members != nil {
			is, err := h.isContact(ctx, nameOrList[0])
			if is && err == nil {
				err = &TwoMeaningsError{nameOrList[0]}
			}
			return members, err
		}
	}
	for _, m := range nameOrList {
		if err := uid.Check(m); err != nil {
			return nil, err
		}
	}
	return unique(nameOrList), nil
}

// GroupNames are the names of all groups, in order.
func GroupNames(groups map[string][]string) []string { return slices.Sorted(maps.Keys(groups)) }

func unique(names []string) []string {
	var once []string
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}
