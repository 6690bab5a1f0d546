package touch

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

var errUnplugged = errors.New("the ribbon came off")

// polled runs Poll over what look answers, one after the other, and tells what
// it gave; a nil error stands for an answer that came.
func polled(t *testing.T, answers []Touch, faults map[int]error) (given []Touch, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		i := 0
		err = Poll(ctx, func() (Touch, error) {
			i++
			if i == len(answers) {
				cancel()
			}
			return answers[i-1], faults[i-1]
		}, func(t Touch) { given = append(given, t) })
	})
	return given, err
}

func TestPollTellsWhatChanges(t *testing.T) {
	up, lost := Touch{}, Touch{Lost: true}
	at := func(x float64) Touch { return Touch{Down: true, X: x, Y: .5} }
	for name, c := range map[string]struct{ answers, want []Touch }{
		"a tap, lifted where it was last seen":   {[]Touch{up, at(.1), at(.2), up, up}, []Touch{at(.1), {X: .2, Y: .5}}},
		"a finger that lay there from the start": {[]Touch{at(.1), at(.1), up, at(.3), up}, []Touch{at(.3), {X: .3, Y: .5}}},
		"a lost finger has to be lifted first":   {[]Touch{up, at(.1), lost, at(.1), up, up}, []Touch{at(.1), lost}},
		"lost without a finger":                  {[]Touch{up, lost, lost, up}, nil},
		"the end loses a finger":                 {[]Touch{up, at(.4), at(.4)}, []Touch{at(.4), lost}},
	} {
		if got, err := polled(t, c.answers, nil); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

// Every run of failures is tried, beginning with the finger down.
func TestAFailingBusLosesTheFingerAndIsRetriedBoundedly(t *testing.T) {
	down := Touch{Down: true, X: .5, Y: .5}
	for failures := 1; failures <= Retries+1; failures++ {
		answers := []Touch{{}, down}
		faults := map[int]error{}
		for range failures {
			faults[len(answers)] = errUnplugged
			answers = append(answers, Touch{})
		}
		answers = append(answers, down, Touch{}) // the same finger, then lifted
		got, err := polled(t, answers, faults)
		if !slices.Equal(got, []Touch{down, {Lost: true}}) {
			t.Errorf("%d failures: %+v", failures, got)
		}
		if gone := failures > Retries; gone != errors.Is(err, ErrBus) || gone != errors.Is(err, errUnplugged) {
			t.Errorf("%d failures: %v", failures, err)
		}
	}
}

func TestPollAsksAHundredTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second-time.Millisecond)
		defer cancel()
		asked := 0
		if err := Poll(ctx, func() (Touch, error) { asked++; return Touch{}, nil }, nil); err != nil || asked != 100 {
			t.Errorf("asked %d times, %v", asked, err)
		}
	})
}

func TestAMountTurnsTheSheet(t *testing.T) {
	for m, want := range map[Mount][2]float64{
		{}: {.1, .2}, {Swap: true}: {.2, .1}, {FlipX: true}: {.9, .2}, {Swap: true, FlipY: true}: {.2, .9},
	} {
		if x, y := m.Place(.1, .2); x != want[0] || y != want[1] {
			t.Errorf("%+v: %v, %v", m, x, y)
		}
	}
}
