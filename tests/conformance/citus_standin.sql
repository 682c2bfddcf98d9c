-- What the library asks of Citus, in a database that has none: the tables stay where they are, but they are listed as distributed ones, and
-- what must not be done to those fails. Run by a superuser in a database of its own.
SET allow_system_table_mods = on;

CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid regclass PRIMARY KEY, partmethod "char" NOT NULL, partkey text, beside text);
GRANT SELECT ON pg_catalog.pg_dist_partition TO public;

CREATE FUNCTION pg_catalog.column_to_column_name(table_name regclass, column_var_text text) RETURNS text LANGUAGE sql AS
$$ SELECT column_var_text $$;

CREATE FUNCTION pg_catalog.create_distributed_table(table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default') RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS
$$
BEGIN
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = table_name) THEN
        RAISE EXCEPTION 'table % is already distributed', table_name;
    END IF;
    IF colocate_with NOT IN ('none', 'default') AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass) THEN
        RAISE EXCEPTION 'relation % is not distributed', colocate_with;
    END IF;
    -- Citus: every unique key holds the distribution column; no triggers; one level of partitions.
    IF EXISTS (SELECT FROM pg_index JOIN pg_attribute AS a ON attrelid = indrelid AND attname = distribution_column
               WHERE indrelid = table_name AND (indisunique OR indisexclusion) AND NOT attnum = ANY (indkey)) OR
        EXISTS (SELECT FROM pg_trigger WHERE tgrelid = table_name) OR
        EXISTS (SELECT FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = table_name AND relkind = 'p') THEN
        RAISE EXCEPTION 'table % cannot be distributed', table_name;
    END IF;
    INSERT INTO pg_dist_partition VALUES (table_name, 'h', distribution_column, colocate_with);
    INSERT INTO pg_dist_partition SELECT inhrelid, 'h', distribution_column, colocate_with FROM pg_inherits WHERE inhparent = table_name;
END
$$;

CREATE FUNCTION pg_catalog.truncate_local_data_after_distributing_table(function_table_name regclass) RETURNS void LANGUAGE plpgsql AS
$$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = function_table_name) THEN
        RAISE EXCEPTION 'supplied parameter is not a distributed relation';
    END IF;
END
$$;

CREATE FUNCTION public.keep_off_distributed_tables() RETURNS event_trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF current_query() ~* 'attach\s+partition' AND EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('quotes')) THEN
        RAISE EXCEPTION 'a table with rows was attached to a distributed one';
    END IF;
END
$$;
CREATE EVENT TRIGGER keep_off_distributed_tables ON ddl_command_start WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION public.keep_off_distributed_tables();

-- A partition is made by a statement that is a transaction, never within an import.
CREATE FUNCTION public.distribute_partitions() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS
$$
BEGIN
    IF current_query() !~* 'partition\s+of' OR NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('quotes')) THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') THEN
        RAISE EXCEPTION 'a partition was made within an import';
    END IF;
END
$$;
CREATE EVENT TRIGGER distribute_partitions ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.distribute_partitions();
