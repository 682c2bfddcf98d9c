# From the units of deploy/systemd to those of the package: programs in /usr/bin, and a user that stays, because files, peers of
# PostgreSQL and ticker-cli may want to name it. All else that DynamicUser stands for is in the units by its own name.
s|^ExecStart=/usr/local/bin/|ExecStart=/usr/bin/|
s|^# A user that exists while the service runs; \(ticker-[a-z]*\.service\) may share it and its folder\.$|# The user and the folder are those of \1 too.|
/^DynamicUser=yes$/d
s|^User=ticker$|User=_ticker|
