package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A frame is what one write and one sync make durable: the records of all that was
// queued. Its data, cut into sectors, is
//
//	0  length of the records
//	4  chain: CRC32C of the records, continued from the frame before
//	8  records
//
// and zeros up to the end of its last sector. Frames begin in a sector of their own,
// so that no write touches a sector that has been acknowledged. Frame n+1 is not
// written before frame n is durable: any sector of it proves that frame n was.
const frameHeadBytes = 8

// frameSectors is the number of sectors of a frame with so many bytes of records.
func frameSectors(records int) int {
	return (frameHeadBytes + records + sectorDataBytes - 1) / sectorDataBytes
}

// tail is where the next frame goes: its sequence number and what its chain
// continues.
type tail struct {
	frame uint64
	chain uint32
}

// appendFrame appends a frame with the records to buf, and moves t behind it. data is
// the records after frameHeadBytes bytes that it fills in.
func appendFrame(buf, data []byte, seed uint32, t *tail) []byte {
	records := data[frameHeadBytes:]
	chain := crc32.Update(t.chain, castagnoli, records)
	binary.LittleEndian.PutUint32(data, uint32(len(records)))
	binary.LittleEndian.PutUint32(data[4:], chain)
	n := frameSectors(len(records))
	for part := range n {
		at := len(buf)
		buf = append(buf, make([]byte, sectorBytes)...)
		data = data[copy(buf[at+sectorHeadBytes:], data):]
		sealSector(buf[at:], seed, sectorHead{sectors: uint32(n), part: uint32(part), frame: t.frame})
	}
	*t = tail{t.frame + 1, chain}
	return buf
}

// readFrame takes the frame that t expects off the front of sectors, and moves t
// behind it. It returns the records, in memory of their own, and the number of bytes
// that the frame has; or what is wrong.
func readFrame(sectors []byte, seed uint32, t *tail) (records []byte, size int, err error) {
	n, err := frameExtent(sectors, seed, t.frame)
	if err != nil {
		return nil, 0, err
	}
	data := make([]byte, 0, n*sectorDataBytes)
	for part := range n {
		s := sectors[part*sectorBytes:]
		h, state := readSector(s[:sectorBytes], seed)
		if state != sectorSound {
			return nil, 0, fmt.Errorf("sector %d of %d of frame %d is %v", part+1, n, t.frame, state)
		}
		if want := (sectorHead{uint32(n), uint32(part), t.frame}); h != want {
			return nil, 0, fmt.Errorf("sector %d of %d of frame %d is that of another", part+1, n, t.frame)
		}
		data = append(data, s[sectorHeadBytes:sectorBytes]...)
	}
	length := int(binary.LittleEndian.Uint32(data))
	if length > len(data)-frameHeadBytes || frameSectors(length) != n {
		return nil, 0, fmt.Errorf("frame %d has %d sectors for records of %d bytes", t.frame, n, length)
	}
	records = data[frameHeadBytes : frameHeadBytes+length]
	chain := crc32.Update(t.chain, castagnoli, records)
	if chain != binary.LittleEndian.Uint32(data[4:]) {
		return nil, 0, fmt.Errorf("frame %d does not continue the one before", t.frame)
	}
	*t = tail{t.frame + 1, chain}
	return records, n * sectorBytes, nil
}

// frameExtent is the number of sectors of the frame that begins here, which are all
// there.
func frameExtent(sectors []byte, seed uint32, frame uint64) (int, error) {
	if len(sectors) < sectorBytes {
		return 0, fmt.Errorf("no room for frame %d", frame)
	}
	h, state := readSector(sectors[:sectorBytes], seed)
	switch {
	case state != sectorSound:
		return 0, fmt.Errorf("the first sector of frame %d is %v", frame, state)
	case h.frame != frame || h.part != 0:
		return 0, fmt.Errorf("sector %d of frame %d where frame %d begins", h.part+1, h.frame, frame)
	case uint64(h.sectors) > uint64(len(sectors)/sectorBytes):
		return 0, fmt.Errorf("frame %d has %d sectors, and there is room for %d", frame, h.sectors, len(sectors)/sectorBytes)
	}
	return int(h.sectors), nil
}

func (s sectorState) String() string {
	return [...]string{"sound", "empty", "damaged"}[s]
}
