package hostlink

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const good = `{"method": "status", "args": [], "kwargs": {}}`

// request returns a good request after the changes, given as pairs of what is
// replaced by what.
func request(host string, changes ...string) string {
	return strings.NewReplacer(changes...).Replace(post(host, good))
}

func TestOnlyRequestsMeantForTheDeviceGetThrough(t *testing.T) {
	address := serve(t, echo())
	_, port, _ := net.SplitHostPort(address)
	header := func(lines string) string {
		return request(address, "Accept: */*\r\n", lines+"\r\n")
	}
	kind := func(value string) string { return request(address, "application/json", value) }
	for name, c := range map[string]struct{ raw, status string }{
		"as the 2015 client":    {request(address), "200"},
		"localhost":             {request("localhost:" + port), "200"},
		"charset utf-8":         {kind("application/json; charset=utf-8"), "200"},
		"charset UTF-8, quoted": {kind(`application/json;charset="UTF-8"`), "200"},
		"upper case type":       {kind("Application/JSON"), "200"},

		"Host of a rebound name":   {request("evil.example:" + port), "421"},
		"Host without port":        {request("127.0.0.1"), "421"},
		"Host with another port":   {request("127.0.0.1:1"), "421"},
		"Host in upper case":       {request("LOCALHOST:" + port), "421"},
		"Host with a dot":          {request("localhost.:" + port), "421"},
		"Host, other spelling":     {request("127.1:" + port), "421"},
		"no Host":                  {request(address, "Host: "+address+"\r\n", ""), "400"},
		"empty Host":               {request(""), "421"},
		"two Hosts":                {request(address + "\r\nHost: " + address), "400"},
		"absolute form":            {request(address, "POST /runrpc", "POST http://"+address+"/runrpc"), "421"},
		"absolute form, elsewhere": {request(address, "POST /runrpc", "POST http://evil.example/runrpc"), "421"},

		"Origin elsewhere":          {header("Origin: http://evil.example"), "403"},
		"Origin of our own":         {header("Origin: http://" + address), "403"},
		"Origin null":               {header("Origin: null"), "403"},
		"Origin empty":              {header("Origin:"), "403"},
		"Sec-Fetch-Site cross-site": {header("Sec-Fetch-Site: cross-site"), "403"},
		"Sec-Fetch-Site same-site":  {header("Sec-Fetch-Site: same-site"), "403"},
		"Sec-Fetch-Site none":       {header("Sec-Fetch-Site: none"), "403"},

		"text/plain":         {kind("text/plain"), "415"},
		"text/plain as JSON": {kind("text/plain; application/json"), "415"},
		"form":               {kind("application/x-www-form-urlencoded"), "415"},
		"multipart":          {kind("multipart/form-data; boundary=x"), "415"},
		"JSON of a kind":     {kind("application/json-patch+json"), "415"},
		"charset utf-16":     {kind("application/json; charset=utf-16"), "415"},
		"charset latin1":     {kind("application/json; charset=iso-8859-1"), "415"},
		"two charsets":       {kind("application/json; charset=utf-8; charset=utf-16"), "415"},
		"another parameter":  {kind("application/json; version=1"), "415"},
		"two types, comma":   {kind("application/json, text/plain"), "415"},
		"two types":          {kind("application/json\r\nContent-Type: text/plain"), "415"},
		"no type":            {request(address, "Content-Type: application/json\r\n", ""), "415"},
		"empty type":         {kind(""), "415"},
		"compressed":         {header("Content-Encoding: gzip"), "415"},

		"GET":                {request(address, "POST /", "GET /"), "405"},
		"HEAD":               {request(address, "POST /", "HEAD /"), "405"},
		"PUT":                {request(address, "POST /", "PUT /"), "405"},
		"preflight":          {request(address, "POST /", "OPTIONS /"), "405"},
		"OPTIONS *":          {request(address, "POST /runrpc", "OPTIONS *"), "405"},
		"TRACE":              {request(address, "POST /", "TRACE /"), "405"},
		"CONNECT":            {request(address, "POST /runrpc", "CONNECT "+address), "421"},
		"another path":       {request(address, "/runrpc", "/"), "404"},
		"a path under it":    {request(address, "/runrpc", "/runrpc/"), "404"},
		"a path before it":   {request(address, "/runrpc", "//runrpc"), "404"},
		"HTTP/1.0":           {request(address, "HTTP/1.1", "HTTP/1.0"), "505"},
		"HTTP/2 in the open": {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
		"no HTTP":            {"hello\r\n\r\n", "400"},
		"two lengths":        {header("Content-Length: 3"), "400"},
		"length and chunks":  {header("Transfer-Encoding: chunked"), "411"},
		"chunks":             {request(address, "Content-Length: 46", "Transfer-Encoding: chunked"), "411"},
		"huge header":        {header("X-Junk: " + strings.Repeat("x", 2*maxHeader)), "431"},
		"many headers":       {header(strings.Repeat("X: y\r\n", maxHeader) + "X: y"), "431"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			answer := send(t, conn, c.raw)
			if status, _, _ := strings.Cut(statusOf(answer), " "); status != c.status {
				t.Errorf("%q, want %s", answer, c.status)
			}
			if strings.Contains(answer, "Access-Control") {
				t.Errorf("answers a preflight: %q", answer)
			}
		})
	}
}

func TestOwnPagesMayPostWhereTheyAreNamed(t *testing.T) {
	passed := 0
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { passed++ })
	guard := Guard(next, []string{"127.0.0.1:80", "127.0.0.1:81"}, "http://127.0.0.1:81")
	for name, c := range map[string]struct {
		headers map[string]string
		want    int
	}{
		"own page":              {map[string]string{"Origin": "http://127.0.0.1:81", "Sec-Fetch-Site": "same-origin"}, 200},
		"typed in":              {map[string]string{"Sec-Fetch-Site": "none"}, 200},
		"own program":           {nil, 200},
		"page on another port":  {map[string]string{"Origin": "http://127.0.0.1:80", "Sec-Fetch-Site": "same-site"}, 403},
		"page with own TLS":     {map[string]string{"Origin": "https://127.0.0.1:81"}, 403},
		"page elsewhere":        {map[string]string{"Origin": "http://evil.example"}, 403},
		"picture elsewhere":     {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"picture on other port": {map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"sandboxed page":        {map[string]string{"Origin": "null"}, 403},
	} {
		for _, method := range []string{"GET", "POST"} {
			r, _ := http.NewRequest(method, "/tap", strings.NewReader("{}"))
			r.Host = "127.0.0.1:81"
			r.Header.Set("Content-Type", "application/json")
			for k, v := range c.headers {
				r.Header.Set(k, v)
			}
			before := passed
			w := httptest.NewRecorder()
			guard.ServeHTTP(w, r)
			if w.Code != c.want || (passed > before) != (c.want == 200) {
				t.Errorf("%s, %s: %d, want %d", name, method, w.Code, c.want)
			}
			if w.Header().Get("Content-Security-Policy") != "frame-ancestors 'none'" {
				t.Errorf("%s, %s: may be framed", name, method)
			}
		}
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		address net.Addr
		names   []string
		want    []string
	}{
		{&net.TCPAddr{IP: net.IPv4(10, 55, 0, 1), Port: 9051}, nil, []string{"10.55.0.1:9051"}},
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 7}, []string{"localhost"}, []string{"127.0.0.1:7", "localhost:7"}},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "usb0", Port: 7}, nil, []string{"[fe80::1]:7"}},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, []string{"localhost"}, []string{"[::1]:80", "[::1]", "localhost:80", "localhost"}},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 7}, []string{"localhost"}, []string{"localhost:7"}},
		{&net.UnixAddr{Name: "x"}, []string{"localhost"}, nil},
		{nil, nil, nil},
	} {
		if got := Hosts(c.address, c.names...); !slices.Equal(got, c.want) {
			t.Errorf("Hosts(%v, %q) = %q, want %q", c.address, c.names, got, c.want)
		}
	}
}
