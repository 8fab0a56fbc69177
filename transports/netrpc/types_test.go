package netrpc

import (
	"reflect"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// golang/go#79539 and CVE-2024-34156: 71 bytes make gob allocate gigabytes for a map, and
// a type that contains itself lets it recurse until the stack is full. No limit on the
// bytes of a message helps against that, so the messages have none of either, nor interfaces,
// which take whatever type a peer names.
func TestMessagesHaveNoTypesThatGobCannotBound(t *testing.T) {
	for _, kind := range core.Kinds() {
		m := methodOf(kind)
		for _, message := range []any{m.newArgs(), m.newReply()} {
			if what := unbounded(reflect.TypeOf(message).Elem(), nil); what != "" {
				t.Errorf("%T: %s", message, what)
			}
		}
	}
}

// unbounded says what in a type gob cannot bound by the bytes that it is given.
func unbounded(typ reflect.Type, within []reflect.Type) string {
	for _, outer := range within {
		if typ == outer {
			return typ.String() + " contains itself"
		}
	}
	switch typ.Kind() {
	case reflect.Map, reflect.Interface, reflect.Array, reflect.Chan, reflect.Func:
		return "has a " + typ.String()
	case reflect.Slice, reflect.Pointer:
		return unbounded(typ.Elem(), append(within, typ))
	case reflect.Struct:
		for i := range typ.NumField() {
			if !typ.Field(i).IsExported() {
				continue // gob does not see it
			}
			if what := unbounded(typ.Field(i).Type, append(within, typ)); what != "" {
				return typ.Field(i).Name + " " + what
			}
		}
	}
	return ""
}

// A walk that finds nothing anywhere would prove nothing.
func TestUnboundedTypesAreFound(t *testing.T) {
	type list struct{ Next *list }
	for _, bad := range []any{
		struct{ M map[uint64]bool }{}, struct{ L []struct{ V any } }{}, list{}, struct{ Deep struct{ P *[4]int } }{},
	} {
		if unbounded(reflect.TypeOf(bad), nil) == "" {
			t.Errorf("%T passes", bad)
		}
	}
}
