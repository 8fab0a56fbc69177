package wal

import (
	"encoding/binary"
	"hash/crc32"
)

// A segment is made of sectors of 512 bytes, the unit that disks write whole or not
// at all. Each says for itself what it is:
//
//	0   checksum, CRC32C of the rest, continued from the segment's seed
//	4   number of sectors of its frame
//	8   which of them it is, from 0
//	12  sequence number of its frame
//	20  data
//
// So a sector is sound, or empty (the zeros it was preallocated with), or damaged.
// A loss of power leaves the sectors of the last frame sound or empty, in any
// mixture; a flipped bit leaves a damaged one. That is how recovery tells them
// apart. No sound sector is one bit from being empty: it has a sequence number and
// a number of sectors, neither of which is zero.
const (
	sectorBytes     = 512
	sectorHeadBytes = 20
	sectorDataBytes = sectorBytes - sectorHeadBytes
)

// sectorHead says which part of which frame a sector is.
type sectorHead struct {
	sectors, part uint32
	frame         uint64
}

type sectorState int

const (
	sectorSound sectorState = iota
	sectorEmpty
	sectorDamaged
)

// castagnoli is CRC32C, for which processors have an instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealSector fills in the head of a sector whose data is in its place.
func sealSector(s []byte, seed uint32, h sectorHead) {
	binary.LittleEndian.PutUint32(s[4:], h.sectors)
	binary.LittleEndian.PutUint32(s[8:], h.part)
	binary.LittleEndian.PutUint64(s[12:], h.frame)
	binary.LittleEndian.PutUint32(s, crc32.Update(seed, castagnoli, s[4:sectorBytes]))
}

// readSector tells what a sector is.
func readSector(s []byte, seed uint32) (sectorHead, sectorState) {
	h := sectorHead{
		sectors: binary.LittleEndian.Uint32(s[4:]),
		part:    binary.LittleEndian.Uint32(s[8:]),
		frame:   binary.LittleEndian.Uint64(s[12:]),
	}
	switch {
	case isEmpty(s):
		return sectorHead{}, sectorEmpty
	case h.frame == 0 || h.part >= h.sectors:
		return sectorHead{}, sectorDamaged
	case binary.LittleEndian.Uint32(s) != crc32.Update(seed, castagnoli, s[4:sectorBytes]):
		return sectorHead{}, sectorDamaged
	}
	return h, sectorSound
}

func isEmpty(s []byte) bool { return [sectorBytes]byte(s) == [sectorBytes]byte{} }
