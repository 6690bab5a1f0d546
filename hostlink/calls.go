package hostlink

import (
	"context"
	"encoding/base64"
	"slices"
	"time"
	"unicode/utf8"
)

// run answers a call. An error is a callError, or a Refusal of a call whose
// answer has no room for one.
func (s *Server) run(ctx context.Context, c call) (result any, err error) {
	defer func() {
		if value := recover(); value != nil {
			if s.opts.Panicked != nil {
				s.opts.Panicked(value)
			}
			result, err = nil, DeviceFault
		}
	}()
	switch c.method {
	case "package":
		return s.sealOne(ctx, c)
	case "package_many":
		return s.sealMany(ctx, c)
	case "unpackage":
		return s.openOne(ctx, c)
	case "unpackage_many":
		return s.openMany(ctx, c)
	case "acknowledge":
		return s.byID(c, s.device.Acknowledge)
	case "cancel":
		return s.byID(c, s.device.Cancel)
	case "status":
		return s.status(c)
	case "device_log":
		return s.log(ctx, c)
	case "self_test_report":
		return s.selfTest(ctx, c)
	case "get_next_ref":
		return s.nextRef(c)
	case "save_next_ref":
		return s.saveNextRef(c)
	case "whoami", "test_prompt", "teapot", "ALLOW_LIST", "JsonStore", "base64", "crypto", "csc",
		"json", "logging", "metadata", "os", "read", "traceback":
		// What the 2015 program has and does not expose.
		return nil, notAllowed
	default:
		return nil, noSuchMethod
	}
}

func (s *Server) sealOne(ctx context.Context, c call) (any, error) {
	id, a, err := c.bindID("src_uid", "dst_uid", "message")
	if err != nil {
		return nil, err
	}
	sealed, err := s.seal(ctx, PackageRequest{ID: id, From: userID(a[0]), To: []string{userID(a[1])}}, a[2])
	if err != nil {
		return failed(err), nil
	}
	return sealedAnswerOf(sealed[0]), nil
}

func (s *Server) sealMany(ctx context.Context, c call) (any, error) {
	id, a, err := c.bindID("src_uid", "dst_uids", "message")
	if err != nil {
		return nil, err
	}
	contacts, ok := a[1].([]any)
	if !ok || len(contacts) == 0 {
		return nil, threw
	}
	if len(contacts) > MaxContacts {
		return failed(TooLong), nil
	}
	request := PackageRequest{ID: id, From: userID(a[0])}
	for _, contact := range contacts {
		to := userID(contact)
		if to != "" && slices.Contains(request.To, to) {
			return nil, threw
		}
		request.To = append(request.To, to)
	}
	sealed, err := s.seal(ctx, request, a[2])
	if err != nil {
		return failed(err), nil
	}
	answer := sealedManyAnswer{outcome: succeeded()}
	for i := range sealed {
		one := sealedAnswerOf(sealed[i])
		one.To = request.To[i]
		answer.Packages = append(answer.Packages, one)
	}
	return answer, nil
}

// seal has the device seal a message, and checks that it answered what was asked.
func (s *Server) seal(ctx context.Context, request PackageRequest, message any) (sealed []Sealed, err error) {
	if request.Text, err = messageText(message); err != nil {
		return nil, err
	}
	if request.From == "" || slices.Contains(request.To, "") {
		return nil, NoPad
	}
	sealed, err = s.device.Package(ctx, request)
	if err == nil && len(sealed) != len(request.To) {
		err = DeviceFault
	}
	return sealed, err
}

func (s *Server) openOne(ctx context.Context, c call) (any, error) {
	c.rename("package_b64", "package") // its name inside the 2015 program
	id, a, err := c.bindID("src_uid", "dst_uid", "package")
	if err != nil {
		return nil, err
	}
	results, err := s.open(ctx, UnpackageRequest{ID: id, To: userID(a[1])}, []item{{a[0], a[2]}})
	if err != nil {
		return openedAnswerOf(Opened{Err: Refusal(fixed(err))}), nil
	}
	return results[0], nil
}

func (s *Server) openMany(ctx context.Context, c call) (any, error) {
	id, a, err := c.bindID("dst_uid", "packages")
	if err != nil {
		return nil, err
	}
	list, ok := a[1].([]any)
	if !ok || len(list) == 0 {
		return nil, threw
	}
	if len(list) > MaxBatch {
		return failed(TooLong), nil
	}
	items := make([]item, len(list))
	for i, one := range list {
		members, ok := one.(map[string]any)
		if !ok || len(members) != 2 {
			return nil, threw
		}
		from, hasFrom := members["src_uid"]
		sealed, hasPackage := members["package"]
		if !hasFrom || !hasPackage {
			return nil, threw
		}
		items[i] = item{from, sealed}
	}
	results, err := s.open(ctx, UnpackageRequest{ID: id, To: userID(a[0])}, items)
	if err != nil {
		return failed(err), nil
	}
	return openedManyAnswer{outcome: succeeded(), Results: results}, nil
}

// item is one package to open as it was sent.
type item struct{ from, sealed any }

// open has the device open the items that can be read at all. The others come
// from whoever can reach the relay: each is answered for itself, so that it
// does not spoil the rest of its batch.
func (s *Server) open(ctx context.Context, request UnpackageRequest, items []item) ([]openedAnswer, error) {
	if request.To == "" {
		return nil, NoPad
	}
	results := make([]openedAnswer, len(items))
	var places []int
	for i, it := range items {
		incoming, err := it.incoming()
		if err != nil {
			results[i] = openedAnswer{outcome: failed(err)}
			continue
		}
		request.Packages = append(request.Packages, incoming)
		places = append(places, i)
	}
	if len(places) == 0 {
		return results, nil
	}
	opened, err := s.device.Unpackage(ctx, request)
	if err == nil && len(opened) != len(places) {
		err = DeviceFault
	}
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		results[place] = openedAnswerOf(opened[i])
	}
	return results, nil
}

func (it item) incoming() (Incoming, error) {
	in := Incoming{From: userID(it.from)}
	if in.From == "" {
		return in, NoPad
	}
	text, ok := it.sealed.(string)
	if !ok {
		return in, DecryptionFailed
	}
	if len(text) > base64.StdEncoding.EncodedLen(MaxPackage) {
		return in, TooLong
	}
	var err error
	if in.Package, err = decodeBase64(text); err != nil || len(in.Package) == 0 {
		return in, DecryptionFailed
	}
	if len(in.Package) > MaxPackage {
		return in, TooLong
	}
	return in, nil
}

func (s *Server) byID(c call, do func(id string)) (any, error) {
	a, err := c.bind("id")
	if err != nil {
		return nil, err
	}
	id, err := requestID(a[0])
	if err != nil {
		return nil, err
	}
	do(id)
	return succeeded(), nil
}

func (s *Server) status(c call) (any, error) {
	var told time.Time
	if len(c.args)+len(c.kwargs) > 0 {
		a, err := c.bind("time")
		if err != nil {
			return nil, err
		}
		seconds, err := integer(a[0])
		if err != nil {
			return nil, err
		}
		if seconds != 0 {
			told = time.Unix(seconds, 0)
		}
	}
	status := s.device.Status(told)
	status.Pads = append([]Pad{}, status.Pads...) // an empty list, not null
	return statusAnswer{outcome: succeeded(), Status: status}, nil
}

func (s *Server) log(ctx context.Context, c call) (any, error) {
	if _, err := c.bind(); err != nil {
		return nil, err
	}
	entries, err := s.device.Log(ctx)
	if err != nil {
		return failed(err), nil
	}
	return logAnswer{outcome: succeeded(), Log: append([]LogEntry{}, entries...)}, nil
}

func (s *Server) selfTest(ctx context.Context, c call) (any, error) {
	if _, err := c.bind(); err != nil {
		return nil, err
	}
	report, err := s.device.SelfTest(ctx)
	if err == nil && !isReport(report) {
		err = DeviceFault
	}
	if err != nil {
		return failed(err), nil
	}
	return reportAnswer{outcome: succeeded(), Report: &report}, nil
}

// isReport tells whether a text can be a self-test's report.
func isReport(text string) bool { return len(text) <= MaxReport && utf8.ValidString(text) }

func (s *Server) nextRef(c call) (any, error) {
	a, err := c.bind("uid", "server_address")
	if err != nil {
		return nil, err
	}
	owner, server, err := mailboxOf(a[0], a[1])
	if err != nil {
		return nil, err
	}
	ref, known, err := s.device.NextRef(owner, server)
	if err != nil || !known {
		return nil, err
	}
	return ref, nil
}

func (s *Server) saveNextRef(c call) (any, error) {
	c.rename("nextref", "ref") // its name inside the 2015 program
	a, err := c.bind("uid", "server_address", "ref")
	if err != nil {
		return nil, err
	}
	owner, server, err := mailboxOf(a[0], a[1])
	if err != nil {
		return nil, err
	}
	ref, err := integer(a[2])
	if err != nil {
		return nil, err
	}
	return nil, s.device.SaveNextRef(owner, server, ref)
}
