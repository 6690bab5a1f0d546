package main

import (
	"net"
	"slices"
	"testing"
)

func TestADeviceIsLookedForByNameAtTheCableAndAtTheDesk(t *testing.T) {
	var own []net.Addr
	for _, at := range []string{"127.0.0.1/8", "192.168.1.5/24", "fe80::1/64", "10.77.3.2/24"} {
		ip, network, err := net.ParseCIDR(at)
		if err != nil {
			t.Fatal(err)
		}
		own = append(own, &net.IPNet{IP: ip, Mask: network.Mask})
	}
	want := []string{"otc-pad.local", "10.77.3.1", "localhost:9051"}
	if got := deviceAddresses(own); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
