// Package client is a client of a Raft cluster. It gathers operations into
// batches on one link (one Propose or Read call a batch), follows the leader,
// and ends every operation as done, certainly not done, or unknown.
//
// A Client is one link: one transport endpoint that only calls. It starts a
// goroutine, the keeper, which wakes for operations whose time has passed and after
// pauses while no leader is known; another for lingering batches if the policy
// lingers, and one for reads that are sent a second time if they are to be
// (core/timer). All end with Close. Everything else runs on the goroutines of the
// submitter and of the transport.
//
// What an attempt that failed leads to is said by Retry, Budget and Hedge. By
// default what certainly was not executed is sent again until its time has passed. With
// Config.Sessions nothing is executed twice, whatever is sent again.
package client
