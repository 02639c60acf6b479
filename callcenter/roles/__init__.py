"""The processes of a centre: each file is the main of one; `callcenter.supervise` starts them."""
