# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
# As many processes as there are cores; who is done first takes tests over from the others.
PARALLEL := -n auto --dist worksteal
NPM_READY := miniprogram/node_modules/.package-lock.json

.PHONY: setup demo run test hosts matrix check miniprogram static lint types contracts migrations messages requirements bench upgrade torture clean

setup: .venv/ready

.venv/ready: requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "wxlogin needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv || { echo "python3 has no venv module: on Debian, apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: setup  ## a fake WeChat, people logged in, the admin, a mini-program: in one command
	@mkdir -p miniprogram/demo/miniprogram_npm/wxlogin
	@cp miniprogram/miniprogram_dist/* miniprogram/demo/miniprogram_npm/wxlogin/
	DJANGO_DEBUG=1 DATABASE_URL=sqlite:///demo.sqlite3 REDIS_URL= $(BIN)/python manage.py demo $(ARGS)

test: setup $(if $(filter mysql://%,$(DATABASE_URL)),.venv/mysql) $(if $(shell command -v npm),$(NPM_READY))  ## the whole suite; DATABASE_URL and REDIS_URL choose where it runs
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

# The driver compiles, so only who asks for MySQL or MariaDB needs its headers.
.venv/mysql: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mysql]'
	@touch $@

# For the client's tests, which are skipped where there is no Node.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	cd $* && npm ci --silent --no-audit --no-fund && touch node_modules/.package-lock.json || \
		echo "npm ci failed: without what it installs, the client's tests are skipped"

miniprogram: setup $(NPM_READY) miniprogram/tools/node_modules/.package-lock.json  ## all that CI tests of the client
	MINIPROGRAM=required $(BIN)/python -m pytest $(PARALLEL) $(ARGS) tests/miniprogram

# In an environment of its own: what a host project brings along must not hide what wxlogin itself lacks.
.hosts/ready: requirements-dev.txt tests/projects/requirements.txt pyproject.toml
	$(PYTHON) -m venv .hosts
	.hosts/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -r tests/projects/requirements.txt
	.hosts/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

hosts: .hosts/ready  ## wxlogin in each kind of host project of tests/projects; ARGS="-k NAME"
	HOSTS=required .hosts/bin/python -m pytest $(PARALLEL) tests/projects/test_hosts_in_own_process.py $(ARGS)

matrix: setup  ## the suite on each supported Python and Django; ARGS="--list", ARGS="--only CELL -- tests/api -q"
	$(BIN)/python .ci/matrix.py $(ARGS)

check: static test  ## the static checks, then the suite; CI runs more: .ci/run

static: lint types contracts migrations

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python .ci/structure.py

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

migrations: setup
	$(BIN)/python manage.py makemigrations --check --dry-run --settings=tests.settings
	$(BIN)/python manage.py check --settings=tests.settings
	$(BIN)/python .ci/migrations.py

messages: setup  ## refresh the catalogue from the code, then compile it (needs GNU gettext)
	cd wxlogin && ../$(BIN)/python -m django makemessages --locale zh_Hans --no-location --no-wrap
	cd wxlogin && ../$(BIN)/python -m django compilemessages --locale zh_Hans

requirements: setup  ## pin what pyproject.toml asks for
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate \
		--custom-compile-command "make requirements" --extra project -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate \
		--custom-compile-command "make requirements" --group dev -c requirements.txt -o requirements-dev.txt \
		requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate \
		--custom-compile-command "make requirements" --group hosts -c requirements-dev.txt \
		-o tests/projects/requirements.txt

bench: setup  ## a million people in the PostgreSQL of DATABASE_URL, and how long each staff page takes
	$(BIN)/python -m benchmarks.admin $(ARGS)

upgrade: setup $(if $(filter mysql://%,$(DATABASE_URL)),.venv/mysql)  ## from the version before while people use it; ARGS="--from REV", DATABASE_URL
	$(BIN)/python -m tests.upgrades $(ARGS)

torture: setup $(if $(shell command -v mariadbd),.venv/mysql)  ## faults and races, with figures; ARGS=--list, ARGS="--case NAME", ARGS=--quick, ARGS=--write
	$(BIN)/python -m benchmarks.torture $(ARGS)

clean:
	rm -rf .venv .hosts .matrix demo.sqlite3* build dist miniprogram/node_modules miniprogram/tools/node_modules miniprogram/demo/miniprogram_npm
