package device

import (
	"fmt"
	"strings"
	"testing"

	"onetimechat/firmware/meeting"
	"onetimechat/padstore/seal"
)

const mebi = 1 << 20

func TestTheSizesThatAnOwnerCanChoose(t *testing.T) {
	for _, c := range []struct {
		name  string
		offer meeting.Offer
		want  string
	}{
		{"a full reservoir and slow noise", meeting.Offer{Most: 8 << 30, Ready: 256 * mebi, Rate: 1000}, "Now 256 MiB"},
		{"an empty reservoir and slow noise", meeting.Offer{Most: 8 << 30, Rate: 1000}, "In 5 minutes 256 KiB, In an hour 3456 KiB, Overnight 27 MiB"},
		{"fast noise is held up by the card", meeting.Offer{Most: 80 << 30, Ready: 64 * mebi, Rate: 1e7}, "Now 64 MiB, In 5 minutes 592 MiB, In an hour 7 GiB, Overnight 56 GiB"},
		{"a card that is nearly full", meeting.Offer{Most: 5 * mebi, Ready: 64 * mebi, Rate: 1e7}, "Now 5 MiB"},
		{"no noise", meeting.Offer{Most: 8 << 30}, ""},
		{"next to nothing", meeting.Offer{Most: 8 << 30, Ready: 1000}, ""},
		{"one to go on with", meeting.Offer{Most: 8 << 30, Ready: 8 * mebi, Resume: meeting.Resume{Bytes: 64 * mebi, Done: 40 * mebi}}, "Go on 64 MiB, Now 8 MiB"},
	} {
		var got []string
		c.offer.Bucket, c.offer.Resume.Bucket = seal.DefaultBucket, seal.DefaultBucket
		for _, s := range sizes(c.offer) {
			if s.bytes%32 != 0 || s.bytes < meeting.MinBytes {
				t.Errorf("%s: no pad can have %d bytes", c.name, s.bytes)
			}
			got = append(got, s.label+" "+sizeText(s.bytes))
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%s: %s; want %s", c.name, text, c.want)
		}
	}
}

// Both owners read the same time of a pad that is gone on with: what is filled
// already need not be filled again.
func TestBothOwnersReadHowLongGoingOnTakes(t *testing.T) {
	offer := meeting.Offer{Contact: "bob", Most: 8 << 30, Rate: 1000, Bucket: 32, Resume: meeting.Resume{Bytes: 64 * mebi, Done: 63 * mebi, Bucket: 32}}
	chosen := sizes(offer)[0]
	if asked := sizeOf(offer, chosen.bytes); asked.wait != chosen.wait || asked.label != "Go on" {
		t.Errorf("one chooses %+v, the other one confirms %+v", chosen, asked)
	}
	if fresh := sizeOf(offer, 32*mebi); fresh.label != "" || fresh.wait <= chosen.wait {
		t.Errorf("a fresh pad is %+v", fresh)
	}
}

func sizeText(bytes int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {mebi, "MiB"}, {1 << 10, "KiB"}} {
		if bytes%unit.size == 0 {
			return fmt.Sprint(bytes/unit.size, " ", unit.name)
		}
	}
	return fmt.Sprint(bytes)
}
