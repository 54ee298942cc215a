"""The platform client: what api.weixin.qq.com offers, as typed Python. Knows no Django."""
