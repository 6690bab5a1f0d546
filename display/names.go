package display

func (Home) name() string        { return "home" }
func (ApproveSend) name() string { return "approve-send" }
func (ApproveOpen) name() string { return "approve-open" }
func (ApproveLog) name() string  { return "approve-open" }
func (Reader) name() string      { return "reader" }
func (Warning) name() string     { return "warning" }
func (Log) name() string         { return "log" }
func (Fault) name() string       { return "fault" }
func (Busy) name() string        { return "busy" }
func (Progress) name() string    { return "progress" }
