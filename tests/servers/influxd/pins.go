//go:build pins

// Package influxd pins what install builds: the server, and the pkg-config that its Flux library is found with.
package influxd

import (
	_ "github.com/influxdata/influxdb/v2/cmd/influxd"
	_ "github.com/influxdata/pkg-config"
)
