package codecs

import (
	"encoding/json"

	"github.com/raftbench/raftbench/core"
)

// jsonCodec is encoding/json on the messages as they are.
type jsonCodec struct{}

// answer is a core.ProposeResponse or core.ReadResponse for JSON, which does not
// see the results in them.
type answer struct {
	From    core.NodeID
	Status  core.Status
	Leader  core.NodeID
	Traced  bool
	Trace   core.Trace
	Results [][]byte
}

func (jsonCodec) EncodeRequest(buf []byte, r core.Request) ([]byte, error) {
	return appendJSON(buf, r)
}

func (jsonCodec) EncodeResponse(buf []byte, r core.Response) ([]byte, error) {
	switch r := r.(type) {
	case *core.ProposeResponse:
		return appendJSON(buf, &answer{r.From, r.Status, r.Leader, r.Traced, r.Trace, r.List()})
	case *core.ReadResponse:
		return appendJSON(buf, &answer{r.From, r.Status, r.Leader, r.Traced, r.Trace, r.List()})
	}
	return appendJSON(buf, r)
}

func appendJSON(buf []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	return append(buf, text...), err
}

func (jsonCodec) DecodeRequest(body []byte, into core.Request) error {
	return json.Unmarshal(body, into)
}

func (jsonCodec) DecodeResponse(body []byte, into core.Response) error {
	into.Reset()
	switch r := into.(type) {
	case *core.ProposeResponse:
		var a answer
		err := json.Unmarshal(body, &a)
		r.From, r.Status, r.Leader, r.Traced, r.Trace = a.From, a.Status, a.Leader, a.Traced, a.Trace
		appendAll(&r.Results, a.Results)
		return err
	case *core.ReadResponse:
		var a answer
		err := json.Unmarshal(body, &a)
		r.From, r.Status, r.Leader, r.Traced, r.Trace = a.From, a.Status, a.Leader, a.Traced, a.Trace
		appendAll(&r.Results, a.Results)
		return err
	}
	return json.Unmarshal(body, into)
}

func appendAll(into *core.Results, list [][]byte) {
	for _, b := range list {
		into.Append(b)
	}
}
