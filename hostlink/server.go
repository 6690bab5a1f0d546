package hostlink

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Path is the one path of the link.
const Path = "/runrpc"

const (
	maxConnections = 8
	maxHeader      = 8 << 10 // bytes
	headerTime     = 5 * time.Second
	bodyTime       = 30 * time.Second // 8 MiB at 2.3 Mbit/s
	answerTime     = 30 * time.Second // to take the answer, once there is one
	stopTime       = 2 * time.Second  // to answer what is still open
)

// Options of a Server.
type Options struct {
	// Names by which the device is called beside its address: "localhost" at
	// a desk.
	Names []string
	// Panicked is told of a call in which the Device panicked; nil ignores
	// it. The client learns DeviceFault and no more.
	Panicked func(value any)
}

// Server is the pad device's end of the link.
type Server struct {
	device Device
	opts   Options
}

// NewServer returns a Server for dev.
func NewServer(dev Device, opts Options) *Server {
	return &Server{device: dev, opts: opts}
}

// Serve answers the connections of ln until ctx ends, and returns nil then,
// with ln closed. Calls that are waiting then see their context end.
//
// A connection carries one request. Connections beyond a handful are closed
// at once. Slow senders and slow readers are cut off, but an answer may wait
// for its owner as long as it likes.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // it would hold what strangers sent
		BaseContext:       func(net.Listener) context.Context { return ctx },
		// Else it answers OPTIONS * before we are asked.
		DisableGeneralOptionsHandler: true,
	}
	server.SetKeepAlivesEnabled(false)

	stopped := make(chan struct{})
	detach := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		if server.Shutdown(grace) != nil {
			server.Close()
		}
	})
	err := server.Serve(AtMost(maxConnections, ln))
	if detach() { // ctx has not ended: the listener broke
		server.Close()
		return err
	}
	<-stopped
	return nil
}

// ServeHTTP answers one request, if it is addressed to the connection's own
// address or one of the names in Options.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	Guard(http.HandlerFunc(s.rpc), Hosts(local, s.opts.Names...)).ServeHTTP(w, r)
}

func (s *Server) rpc(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != Path:
		refuse(w, http.StatusNotFound)
		return
	case r.Method != http.MethodPost:
		refuse(w, http.StatusMethodNotAllowed)
		return
	case r.ContentLength < 0: // chunked: its length would be known too late
		refuse(w, http.StatusLengthRequired)
		return
	case r.ContentLength > MaxBody:
		refuse(w, http.StatusRequestEntityTooLarge)
		return
	}
	control := http.NewResponseController(w)
	// It fails only where there is no connection that could be slow.
	_ = control.SetReadDeadline(time.Now().Add(bodyTime))
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest)
		return
	}
	// net/http has lifted the deadline and watches the connection: from here
	// on only its end, or ours, ends the request.
	answer, ok := s.answer(r.Context(), body)
	if !ok {
		refuse(w, http.StatusBadRequest)
		return
	}
	_ = control.SetWriteDeadline(time.Now().Add(answerTime))
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // a client that went away asks again
}

// answer runs the call in body. It is false for what is no call at all.
func (s *Server) answer(ctx context.Context, body []byte) ([]byte, bool) {
	call, ok := parseCall(body)
	if !ok {
		return nil, false
	}
	result, err := s.run(ctx, call)
	answer := map[string]any{"return": result}
	if err != nil {
		answer = map[string]any{"error": fixed(err)}
	}
	encoded, err := json.Marshal(answer)
	return encoded, err == nil
}
