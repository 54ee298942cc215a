"""The platform client: typed functions for the calls to api.weixin.qq.com. It imports no Django."""
